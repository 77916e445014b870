"""How Sphinx makes the web book; site.py puts the pages beside it, and says what Sphinx cannot know."""

import os

from course_utils.making.tables import address

project = "Deep generative models"
author = "the authors of the course"
copyright = f"{author}. Text CC BY 4.0, code MIT"

extensions = ["myst_nb"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "amsmath", "html_image", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # the lessons come executed
nb_merge_streams = True
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header"]

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["_static"]
html_extra_path = ["404.html"]  # for the host
html_favicon = "icon.svg"
html_use_index = False
html_css_files = ["book.css"]
html_js_files = [(name, {"defer": "defer"}) for name in ("terms.js", "book.js", "answers.js")]
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # it is fetched, which a page that was opened from disk may not do
html_last_updated_fmt = None
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_theme_options = {
    **dict.fromkeys(("navbar_start", "navbar_center", "navbar_end", "navbar_persistent"), []),  # the side has it all
    "show_toc_level": 2,
    "use_download_button": False,
    "back_to_top_button": False,  # it would lie over sliders
    "use_fullscreen_button": False,
    "use_source_button": False,
    "show_navbar_depth": 1,
}
repository = os.environ.get("GITHUB_REPOSITORY") or address()  # in a workflow on GitHub it is known
if repository != "OWNER/REPOSITORY":
    ask = f"https://github.com/{repository}/issues/new?template=wrong.yml"
    html_theme_options["extra_footer"] = f'<a class="ask" href="{ask}">Something wrong here?</a>'
mathjax_path = "mathjax/es5/tex-svg-full.js"
mathjax3_config = {"options": {"enableMenu": False}}  # else the key Tab stops at every formula
