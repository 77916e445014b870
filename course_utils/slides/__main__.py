import sys

from course_utils.slides import main

sys.exit(main())
