#!/usr/bin/env python3
"""Runs a command of the shop: `python manage.py serve`."""
import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
execute_from_command_line(sys.argv)
