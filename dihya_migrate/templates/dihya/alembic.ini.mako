# Settings of Alembic for this folder. Logging is the application's business: there are no such sections here.

[alembic]
# dated file names sort as they were written
file_template = %%(year)d%%(month).2d%%(day).2d_%%(rev)s_%%(slug)s
timezone = UTC

# For plain "alembic" in this folder: where the application is, and how to import it.
script_location = %(here)s
prepend_sys_path = %(here)s/..
path_separator = os
# flask_app = app:create_app
# multidb = true
