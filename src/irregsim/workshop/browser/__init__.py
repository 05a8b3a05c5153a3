"""The page of the workshop: Mesa's SolaraViz with views, levers and exercises. Needs the extra ``viz``."""
