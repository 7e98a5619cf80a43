# A cell for a free notebook with a card (Colab, Kaggle): copy all of it into one cell, change the first
# lines, run it. A session ends when its provider likes. Run the cell again in the next one, and training goes
# on from its last saved state.
import os
import subprocess
import sys
from pathlib import Path

# A shipped recipe or a YAML file, and settings such as "source.path=/content/drive/MyDrive/kmr"
RECIPE = os.environ.get("TTSFT_RECIPE", "kurmanji-mms-tiny")
SETTINGS = os.environ.get("TTSFT_SETTINGS", "").split()
# Training saves its state and stops, before the session does
STOP_AT = os.environ.get("TTSFT_STOP_AT", "3h")
# What pip installs: the folder of a clone, git+https://..., or a wheel that was uploaded
CODE = os.environ.get("TTSFT_CODE", "")
# A folder that outlives the session; empty: Google Drive in Colab, what Kaggle keeps, else a folder here
OUTPUTS = os.environ.get("TTSFT_OUTPUTS", "")

if not OUTPUTS and "google.colab" in sys.modules:
    from google.colab import drive
    drive.mount("/content/drive")
    OUTPUTS = "/content/drive/MyDrive/ttsft"
if not OUTPUTS: OUTPUTS = "/kaggle/working/ttsft" if Path("/kaggle/working").is_dir() else "ttsft"

try: import ttsft  # noqa: F401
except ImportError:
    if not CODE: raise SystemExit("CODE: say where ttsft is: a clone, git+https://... or a wheel") from None
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", CODE], check=True)

# Says among others whether PyTorch finds the card; without one, only recipes that end in -tiny make sense
subprocess.run([sys.executable, "-m", "ttsft", "doctor"])

COMMAND = [sys.executable, "-m", "ttsft", "run", RECIPE, *SETTINGS, f"train.stop_at={STOP_AT}",
           f"outputs={OUTPUTS}", "--stopped", "75"]
CACHE = {"HF_HOME": os.environ.get("HF_HOME", f"{OUTPUTS}/huggingface")}  # downloads outlive the session, too
with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                      env=os.environ | CACHE) as run:
    for line in run.stdout: print(line, end="", flush=True)
if run.returncode == 75: print("Stopped by the clock, and saved. Run this cell again to go on.")
elif run.returncode: raise SystemExit(run.returncode)
