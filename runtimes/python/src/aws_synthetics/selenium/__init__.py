"""synthetics_webdriver."""
