"Package facts live in settings.ini; this file only reads them."
import re
import shlex
from configparser import ConfigParser
from pathlib import Path

import setuptools

here = Path(__file__).parent
cfg = ConfigParser(delimiters=["="], interpolation=None)
cfg.read(here / "settings.ini", encoding="utf-8")
cfg = cfg["DEFAULT"]
version = re.search(r'__version__ = "(.+)"', (here / "ttsft/__init__.py").read_text()).group(1)

setuptools.setup(
    version=version,
    description=cfg["description"],
    author=cfg["author"],
    packages=[*setuptools.find_packages(include=["ttsft", "ttsft.*"]), "ttsft.report_notebooks"],
    package_dir={"ttsft.report_notebooks": "nbs/reports"},
    package_data={"ttsft": ["recipes/**/*.yaml", "assets/**/*", "assets/**/.*/**/*"],
                  "ttsft.report_notebooks": ["*.ipynb"]},
    install_requires=shlex.split(cfg["requirements"]),
    extras_require={k.removesuffix("_requirements"): shlex.split(v) for k, v in cfg.items()
                    if k.endswith("_requirements")},
    entry_points={"console_scripts": shlex.split(cfg["console_scripts"]), "nbdev": ["ttsft=ttsft._modidx:d"]},
    zip_safe=False,
)
