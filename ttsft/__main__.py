import sys

from ttsft.app.cli import main

sys.exit(main())
