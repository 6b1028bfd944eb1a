"""Records, artefacts and files of a workspace: ``database``, ``tables``, ``records``, ``schema``, ``artifacts``, ``files``."""
