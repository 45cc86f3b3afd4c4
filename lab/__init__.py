"""The container lab: hosts with systemd, ssh and addresses of their own, on one machine.

Run through `bin/lab`. Standard library only, since it runs before anything is installed.
"""
