"""Format of times in the console: to the second and with their zone, so that they compare with those of logs."""

DATETIME_FORMAT = "Y-m-d H:i:s T"
