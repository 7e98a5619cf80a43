__version__ = "0.1.0"
import os
# OpenMP reads this when torch is loaded: threads that wait sleep, and leave the core to whoever else needs it
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
