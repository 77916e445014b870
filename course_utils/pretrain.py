"""Train the checkpoints: the command that each file in data/checkpoints names. All of it is in models/recipes.py."""

from course_utils.models.recipes import main

if __name__ == "__main__":
    main()
