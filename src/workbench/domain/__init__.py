"""Types that all engines and resources share; frozen, with units in names, times in UTC, money in minor units."""
