"""The modalities that Atelier ships, each a folder that registers as a third party's would."""
