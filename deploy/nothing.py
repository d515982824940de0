"""Does nothing. spark-submit runs this when it only has to download its packages."""
