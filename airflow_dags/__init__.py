"""Airflow's DAGs: one for each topic and rhythm, and one for maintenance. docs/schedule.md says what they do.

The files here only wire: they read the names and the time zones of the topics and `conf/schedule.yaml`, and import no
job. Every task runs a command of the project, in the project's own environment.
"""
