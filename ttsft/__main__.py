import sys

from ttsft.cli import main

sys.exit(main())
