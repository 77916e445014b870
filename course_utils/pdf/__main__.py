import sys

from course_utils.pdf import main

sys.exit(main())
