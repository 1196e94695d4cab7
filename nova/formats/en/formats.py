"""How are times written in the console? To the second and with their zone, so that they compare with those of logs."""

DATETIME_FORMAT = "Y-m-d H:i:s T"
