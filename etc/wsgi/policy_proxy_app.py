# The proxy as a script, for servers that want a file: uWSGI and Apache's mod_wsgi.
#
# It opens the proxy as it is loaded: what cannot start says so at once, in the log.
import gc
import logging.config

from policy_proxy.telemetry import logs
from policy_proxy.wsgi import application

logging.config.dictConfig(logs.configuration("info"))
application.opened()
gc.freeze()  # what is here stays: to look through it again and again costs time
