"""Runs notebooks in processes forked from one that has imported the heavy libraries already.

A notebook's own imports take five seconds, and there are a hundred notebooks. Each still starts clean:
nothing of `ttsft` is imported beforehand, and no process runs two notebooks.
"""
import multiprocessing, os, signal, sys

HEAVY = ["torch", "transformers", "transformers.models.vits.modeling_vits", "peft", "accelerate", "datasets",
         "librosa", "matplotlib.pyplot", "nbdev.test"]

def start():
    "The context in which notebooks are started; the heavy imports happen at the first of them"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(HEAVY)
    return context

def work(path, root, log):
    "What the forked process does: run the notebook, and write what it says into a file"
    os.setsid()
    out = os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(out, 1)
    os.dup2(out, 2)
    from nbdev.test import test_nb
    # the flags of cells that are left out, as `tst_flags` of pyproject.toml has them
    # the limit of `run` is that of all cells together
    passed, _ = test_nb(path, skip_flags=["cuda", "slow"], basepath=root, cell_timeout=None)
    sys.exit(0 if passed else 1)

def run(context, path, root, log, limit):
    "Run a notebook; what it said, and its exit code, or None where it was stopped after `limit` seconds"
    process = context.Process(target=work, args=(path, root, log))
    process.start()
    process.join(limit)
    if process.is_alive():
        os.killpg(process.pid, signal.SIGKILL)
        process.join()
        return "", None
    with open(log, errors="replace") as f: return f.read(), process.exitcode
