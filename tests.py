"""Every check of the repository, each counted as one test.

Run `make test`, or `python -B tests.py [words of a test's name ...]`. `make long` runs whole trainings and
benchmarks, which take minutes each.
The tests run on a copy of the checkout in a temporary folder, which is deleted at the end.
The checkout stays as it is. What can be judged by reading alone is in `tests_form.py`.
The last line is `N passed, N failed`; above it, every failed test is named again, with the end of what it
said. The exit code is 1 when a test failed.
"""
import ast, json, os, queue, re, shutil, signal, subprocess, sys, tempfile, time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
import tests_form, tests_warm
from tests_form import read

HERE, BIN = Path(__file__).resolve().parent, Path(sys.executable).parent
# a forked notebook imports this file again, and finds the folder that is there
TMP = Path(os.environ.get("TTSFT_TESTS") or tempfile.mkdtemp(prefix="ttsft-tests-")).resolve()
REPO, OUT = TMP/"repo", TMP/"outputs"
# seconds until a test is stopped: several times what idle machines take
QUICK, NOTEBOOK, CHECK, RUN = 300, 600, int(os.environ.get("CHECK_SECONDS", 900)), 900
# bytes: can be reviewed, cloned, installed
MAX_NOTEBOOK, MAX_FILE, MAX_ASSETS = 300_000, 12_000_000, 28_000_000
# recipe -> language
TINY = {"arabic-pocket-tiny": "ar", "english-lj-pocket-tiny": "en", "kurmanji-mms-tiny": "kmr",
        "xiang-mms-tiny": "hsn", "hungarian-xtts-tiny": "hu", "amharic-indextts-tiny": "am"}
PAPERMILL = "arabic-pocket-tiny" # the recipe whose report is run by plain papermill too
# modules that take no torch
LIGHT = ("text.front_end", "text.numbers", "text.translit", "families.coverage", "families.schemes",
         "families.tokenizers", "families.indextts.recipe", "app.draft", "app.new_language",
         "app.recipe_check", "app.read", "app.cli", "corpus.raw", "corpus.prepare", "app.recipe",
         "feedback.triage")
# commands that answer before torch is imported, with their exit codes
QUICKLY = ((["--help"], 0), (["run", "--hepl"], 2), (["run", "arabic-pocket-tiny", "train.stepz=3"], 2),
           (["run", "kurmanji-mms-tiny", "model.segmnt=1"], 2),
           (["run", "amharic-indextts-tiny", "model.flow_stepz=4"], 2),
           (["check", "arabic-pocket-tiny", "seed=x"], 2), (["read", "hu", "21"], 0),
           (["read", "arabic-pocket-tiny", "x"], 2), ([], 0), (["run", "nowhere.yaml"], 2),
           (["runs", "nowhere"], 2), (["run", "arabic-pocket-tiny", "source.path=nowhere"], 2),
           (["check", "nowhere.yaml"], 2), (["check", "kurmanji-mms"], 2),
           (["speak", "nowhere", "a", "-o", "a.wav"], 2), (["export", "nowhere", "made"], 2),
           (["compare", "nowhere", "elsewhere"], 2), (["versa", "nowhere", "made"], 2),
           (["base", "nowhere"], 2), (["curve", "nowhere.yaml", "--minutes", "5"], 2),
           (["curve", "arabic-pocket-tiny", "--minutes", "five"], 2), (["feedback", "round", "nowhere"], 2),
           (["run", "arabic-pocket-tiny", "--from", "checkpoints"], 2), (["rate", "nowhere"], 2),
           (["run", "hungarian-xtts-tiny", "source.path=nowhere"], 2), (["run", "--help"], 0),
           (["run", "amharic-indextts-tiny", "base=nowhere"], 2), (["check", "hungarian-xtts"], 2))
# what takes a second or more to import
SLOW = {"torch", "transformers", "datasets", "librosa", "matplotlib", "scipy.signal", "scipy.stats",
        "sklearn", "papermill", "accelerate", "peft"}
ENV = {k: v for k,v in os.environ.items() if k!="MPLBACKEND"} # kernels choose theirs, which shows figures
ENV |= dict(PYTHONPATH=str(REPO), PYTHONDONTWRITEBYTECODE="1", OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1",
            HYPOTHESIS_STORAGE_DIRECTORY=str(TMP/"hypothesis"), IPYTHONDIR=str(TMP/"ipython"),
            PATH=f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}")

# ---- tools

def call(*command, cwd=REPO, limit=QUICK, fails=False):
    "What a command writes, run without stdin; an exit code that is not the expected one is an error"
    # not a pipe: a kernel that outlives its parent would keep it open
    with tempfile.TemporaryFile(dir=TMP) as out:
        p = subprocess.Popen([str(c) for c in command], cwd=cwd, env=ENV, stdin=subprocess.DEVNULL,
                             stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            p.wait(limit)
            ended = True
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            ended = False
        out.seek(0)
        said = out.read().decode(errors="replace")
    assert ended, f"not done after {limit} s\n{said}"
    wanted = "an error" if fails else "0"
    assert (p.returncode!=0)==fails, f"exit code {p.returncode}, expected {wanted}\n{said}"
    return said

def python(*args, **kw): return call(sys.executable, *args, **kw)
def name_of(path): return path.relative_to(REPO).as_posix()
def there(path): return REPO/path.relative_to(HERE)
def notebooks(folder): return sorted((HERE/folder).glob("*.ipynb"))
def libraries():
    return sorted(p for p in (HERE/"nbs").rglob("*.ipynb")
                  if p.parent.name not in ("reports", "checks", ".ipynb_checkpoints"))

def copy_repo(to, source=HERE):
    "Notebooks, package and the files beside them; no runs, caches or environments"
    skip = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "_proc")
    for folder in ("nbs", "ttsft", "docs", "launch"): shutil.copytree(source/folder, to/folder, ignore=skip)
    for file in source.iterdir():
        if file.is_file() and file.name!=".git": shutil.copy2(file, to)
    return to

# ---- the repository

def exported():
    "`ttsft/` is what the notebooks export, and no module has lost its notebook"
    repo = copy_repo(TMP/"exported", REPO)
    made = [p for p in (repo/"ttsft").rglob("*.py") if "AUTOGENERATED" in read(p)]
    for p in made: p.unlink()
    call(BIN/"nbdev-export", cwd=repo)
    names = sorted({p.relative_to(r).as_posix() for r in (REPO, repo) for p in (r/"ttsft").rglob("*.py")})
    differ = [n for n in names if read(REPO/n)!=read(repo/n)]
    assert made, "nothing is exported"
    assert not differ, f"run `make export`, and delete modules that have no notebook: {', '.join(differ)}"

def clean():
    "nbdev-clean has nothing to do"
    repo = copy_repo(TMP/"cleaned", REPO)
    call(BIN/"nbdev-clean", cwd=repo)
    dirty = [name_of(p) for p in sorted((REPO/"nbs").rglob("*.ipynb"))
             if p.read_bytes()!=(repo/name_of(p)).read_bytes()]
    assert not dirty, f"run `make clean-notebooks`: {', '.join(dirty)}"

def lint(): call(BIN/"ruff", "check", "--no-cache", "nbs", "ttsft", *REPO.glob("*.py"))

def sizes():
    "Notebooks can be reviewed, and a clone stays small"
    size = {p: p.stat().st_size for p in REPO.rglob("*") if p.is_file()}
    large = [f"{name_of(p)}: {n:,} bytes" for p,n in size.items()
             if n>(MAX_NOTEBOOK if p.suffix==".ipynb" else MAX_FILE)]
    assert size and not large, f"too large: {', '.join(large)}"
    assets = sum(n for p,n in size.items() if REPO/"ttsft"/"assets" in p.parents)
    assert assets<MAX_ASSETS, f"ttsft/assets has {assets:,} bytes, {MAX_ASSETS:,} are allowed"

def light(module):
    "Text is prepared, and a misspelt option refused, without waiting for torch"
    python("-c", f"import sys, ttsft.{module}; heavy = {{'torch', 'transformers'}} & set(sys.modules); "
                 f"assert not heavy, heavy")

def answers(argv, code):
    "A command answers without waiting for what is slow to import"
    python("-c", "import sys; from ttsft.app.cli import main\n"
           f"try: code = main({argv!r})\nexcept SystemExit as e: code = e.code\n"
           f"heavy = {SLOW!r} & set(sys.modules)\n"
           f"assert code=={code} and not heavy, (code, heavy)")

def commands():
    "What README and the pages tell people to type exists: targets, commands, recipes, files"
    text = "".join(read(p) for p in tests_form.documents(REPO))
    lines = [part.split() for block in re.findall(r"(?ms)^```sh\n(.*?)^```", text)
             for line in block.splitlines() for part in line.split("#")[0].split("&&")]
    programs = [(words[0], words[1:]) for words in lines if words]
    targets = re.findall(r"(?m)^([a-z-]+):", read(REPO/"Makefile"))
    recipes = [p.stem for p in (REPO/"ttsft"/"recipes").glob("*.yaml")]
    asked = [(p, word, targets) for p,rest in programs if p=="make" for word in rest]
    asked += [(p, rest[1], recipes) for p,rest in programs
              if p=="ttsft" and rest[0]=="run" and not rest[1].endswith(".yaml")]
    gone = [f"{program} {word}" for program,word,there in asked if word not in there]
    gone += [word for p,rest in programs if p in ("papermill", "jupytext", "nbdev-test")
             for word in rest if word.startswith("nbs/") and not (REPO/word).is_file()]
    assert asked and not gone, f"there is no {', '.join(gone)}"
    for name in sorted({rest[0] for p,rest in programs if p=="ttsft"}): python("-m", "ttsft", name, "--help")

# ---- notebooks

def runs(path, limit):
    "A notebook runs from a clean start"
    said = call(BIN/"nbdev-test", name_of(path), "--n-workers", "1", "--cell-timeout", "0", limit=limit)
    assert "Success" in said, f"nbdev-test did not run it\n{said}"

def runs_warm(path, context, limit):
    "A notebook runs from a clean start; only heavy libraries are imported already"
    log = TMP/f"{name_of(path).replace('/', '-')}.log"
    said, code = tests_warm.run(context, path, REPO, log, limit)
    assert code is not None, f"not done after {limit} s"
    assert code==0, f"exit code {code}\n{said}"

def report(path):
    "A report is thin, takes parameters, and stores no outputs"
    code = [c for c in json.loads(read(path))["cells"] if c["cell_type"]=="code"]
    tagged = [c for c in code if "parameters" in c["metadata"].get("tags", [])]
    assert len(tagged)==1, f"{len(tagged)} cells are tagged `parameters`, expected one"
    assert not any(c["outputs"] or c["execution_count"]
                   for c in code), "outputs are stored: run `make clean-notebooks` after clearing them"
    for c in code:
        lines = [line for line in "".join(c["source"]).splitlines() if not line.startswith(("%", "!"))]
        defs = [n for n in ast.walk(ast.parse("\n".join(lines)))
                if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))]
        assert not defs, f"`{defs[0].name}` belongs into a library notebook, with a check"

# ---- runs

def no_torchaudio(recipe):
    "From a source to a data set, with neither of the two packages that fail beside a CPU build of torch"
    said = python("-c", f"import sys; from ttsft.app.cli import run; run('{recipe}', ['outputs={OUT}'], "
                        "to='hf_dataset'); bad = {'torchaudio', 'torchcodec'} & set(sys.modules); "
                        "assert not bad, bad", limit=RUN)
    assert "hf_dataset: done" in said, said

def makes(recipe):
    "A shipped recipe goes from recordings to a report"
    python("-m", "ttsft", "run", recipe, f"outputs={OUT}", limit=RUN)
    assert "<audio" in read(OUT/recipe/"report.html"), "report.html has no sound"
    assert json.loads(read(OUT/recipe/"metrics.json")), "metrics.json is empty"

def reuses(recipe):
    "A second run makes nothing again"
    said = python("-m", "ttsft", "run", recipe, f"outputs={OUT}", limit=RUN)
    steps = re.findall(r"(?m)^  (\w+): (\w+)", said)
    assert len(steps)>1 and all(what=="reused"
                                for _,what in steps), f"expected every step to be reused\n{said}"

def papermill(*parameters, **kw):
    "Run a report by plain papermill"
    return python("-m", "papermill", "nbs/reports/01_corpus.ipynb", TMP/"paper.ipynb", "-k", "python3",
                  "--no-progress-bar", "-p", "recipe", PAPERMILL, "-p", "overrides", f"outputs={OUT}",
                  *parameters, limit=RUN, **kw)

def language_alone(language):
    "A report that is told no recipe takes the language's own, and says which and why"
    python("-m", "papermill", "nbs/reports/04_train.ipynb", TMP/"alone.ipynb", "-k", "python3",
           "--no-progress-bar", "-p", "language", language, "-p", "overrides", f"outputs={OUT}", limit=RUN)
    said = read(TMP/"alone.ipynb")
    assert "the tiny twin of" in said and "not on this machine" in said, "it does not say which recipe"

def misspelt():
    said = papermill("-p", "langage", "ar", fails=True)
    wanted = "unknown parameter 'langage': did you mean 'language'?"
    assert wanted in said, f"failed for another reason\n{said}"

# ---- the order of it all

HEAVY = re.compile("nbs/([4-9]_|start/)") # wings whose notebooks import torch

# processor seconds of what takes longest, so that it starts first; the others take about ten each
SECONDS = {"make ": 100, "checks/family_contract": 150, "checks/kill_and_resume": 105, "checks/kills": 90,
           "checks/xtts_learns": 110, "checks/indextts_learns": 75, "checks/indextts_resume": 55,
           "checks/xtts_resume": 70, "checks/indextts_stages": 20,
           "checks/engines": 55, "checks/vits_overfit": 50, "8_feedback/": 45,
           "checks/bench_cache": 80, "checks/bench_": 30, "checks/languages": 30,
           "checks/amharic_fifteen": 30,
           "9_app/02_pipeline": 30, "00_tour": 30, "checks/listening_page": 40,
           "checks/vits_resume": 26, "checks/corpus_faults": 26, "checks/make_demo_base": 24,
           "checks/shared_sound": 71, "checks/bad_inputs": 24, "checks/documented_commands": 25,
           "checks/million": 15, "checks/launch": 60}

# whole trainings and benchmarks; they run when they are named, as by `make long`
ALONE = re.compile(r"nbs/checks/(bench_\w+|\w+_learns|small_memory|vits_order|start_notebooks)\.ipynb")

def is_chosen(name, words):
    "Whether a test runs: all words are in its name; without words, all but those of `ALONE`"
    return all(w in name for w in words) if words else not ALONE.fullmatch(name)

def reading():
    "(name, function) of what is judged by reading alone"
    stages, families = tests_form.wings(HERE)
    folders = [*stages, *families, HERE/"nbs"/"checks", HERE/"nbs"/"reports", HERE/"nbs"/"start"]
    tests = [("import order", tests_form.order), ("form of modules", tests_form.form_of_modules),
             ("form of scripts", tests_form.form_of_scripts), ("map of wings", tests_form.map_of_wings),
             ("messages in docs/errors.md", tests_form.errors_page),
             ("pictures and sounds of pages", tests_form.media_of_pages),
             ("no family's name in shared rooms", tests_form.family_names),
             ("no probe of a family in shared rooms", tests_form.family_probes)]
    tests = [(name, partial(f, REPO)) for name,f in tests]
    tests += [(f"rooms in {p.relative_to(HERE)}/README.md", partial(tests_form.rooms_in_readme, there(p)))
              for p in folders]
    tests += [(f"{what} {p.relative_to(HERE)}", partial(test, there(p))) for p in tests_form.documents(HERE)
              for what,test in (("size of", tests_form.size_of_page), ("links of", tests_form.links_of_page))]
    tests += [(f"form of {p.relative_to(HERE)}", partial(tests_form.form, there(p)))
              for p in sorted((HERE/"nbs").rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts]
    return tests + [(f"shape of {p.relative_to(HERE)}", partial(report, there(p)))
                    for p in [*notebooks("nbs/reports"), *notebooks("nbs/start")]]

def quick():
    "(name, function) of what takes seconds"
    return [("package equals notebooks", exported), ("notebooks are clean", clean), ("ruff", lint),
            ("sizes", sizes), ("README", commands), ("pip check", partial(python, "-m", "pip", "check")),
            *reading(), *((f"import ttsft.{m} takes no torch", partial(light, m)) for m in LIGHT),
            *((f"ttsft {' '.join(a)} is quick", partial(answers, a, code)) for a,code in QUICKLY)]

def of_recipe(recipe):
    "The tests of a shipped recipe: each goes on with the run that those before it made"
    chain = [(f"make {recipe}", partial(makes, recipe)), (f"reuse {recipe}", partial(reuses, recipe))]
    if recipe=="xiang-mms-tiny":
        chain = [("sound is prepared without torchaudio", partial(no_torchaudio, recipe)), *chain]
    if recipe==PAPERMILL:
        chain += [("report by plain papermill", partial(papermill, "-p", "language", TINY[recipe])),
                  ("report of a language alone", partial(language_alone, TINY[recipe])),
                  ("misspelt papermill parameter is refused", misspelt)]
    return chain

def long():
    "Chains of tests that build on each other, longest first; most chains are one notebook"
    context = tests_warm.start()
    books = [(p, partial(runs_warm, there(p), context, NOTEBOOK) if HEAVY.search(str(p.relative_to(HERE)))
              else partial(runs, there(p), NOTEBOOK)) for p in libraries()]
    books += [(p, partial(runs, there(p), CHECK)) for p in notebooks("nbs/checks")]
    chains = [[(str(p.relative_to(HERE)), test)] for p,test in books]
    chains += map(of_recipe, TINY)
    return sorted(chains, key=lambda chain: -sum(seconds(name) for name,_ in chain))

def seconds(name):
    "About how long a test takes"
    return next((s for words,s in SECONDS.items() if words in name), 10)

def follow(chain, said):
    "Run the tests of a chain one after another, and say how each ended"
    for name,function in chain:
        start = time.time()
        try:
            function()
            problem = None
        except Exception as e:
            problem = str(e) if isinstance(e, AssertionError) else f"{type(e).__name__}: {e}"
        said.put((name, problem, time.time()-start))

def tail(problem, n):
    "The last `n` lines of a problem, indented"
    return "    " + "\n    ".join(problem.splitlines()[-n:])

def main(words):
    os.environ.pop("MPLBACKEND", None)
    os.environ.update(ENV, TTSFT_TESTS=str(TMP))
    copy_repo(REPO)
    groups = [[[test] for test in quick()], long()]
    chosen = [[[t for t in chain if is_chosen(t[0], words)] for chain in group] for group in groups]
    total, done, failed, said = sum(len(chain) for group in chosen for chain in group), 0, {}, queue.Queue()
    for group in chosen:
        with ThreadPoolExecutor(2) as pool:
            for chain in group: pool.submit(follow, chain, said)
            for _ in range(sum(map(len, group))):
                name, problem, took = said.get()
                done += 1
                ok = problem is None
                print(f"[{done:3}/{total}] {'ok  ' if ok else 'FAIL'} {took:6.1f} s  {name}", flush=True)
                if ok: continue
                failed[name] = problem
                print(tail(problem, 60), flush=True)
    # a log may keep its end alone
    for name,problem in failed.items(): print(f"FAIL {name}\n{tail(problem, 15)}")
    print(f"{total-len(failed)} passed, {len(failed)} failed")
    return 1 if failed or not total else 0

if __name__=="__main__":
    try: code = main(sys.argv[1:])
    finally: shutil.rmtree(TMP, ignore_errors=True)
    sys.exit(code)
