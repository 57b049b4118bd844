"""What the chapters import: layouts, machines, experiments, evidence, widgets and exercises.

Arrows go one way: chapters -> experiments -> machines; chapters -> widgets -> layouts; experiments -> layouts.
Importing ``syslab`` alone loads nothing else; each room is imported where it is used.
"""
