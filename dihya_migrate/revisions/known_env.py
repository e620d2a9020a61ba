"""Fingerprints (:func:`.fastpath.fingerprint`) of the ``env.py`` files we know word for word.

From Flask-Migrate's source distributions 2.4.0, 2.5.3, 2.7.0, 3.0.1, 3.1.0, 4.0.0, 4.0.4 and 4.0.5 to 4.1.0,
and our own template.
"""

from __future__ import annotations

SINGLE = frozenset(
    {
        "219b8a3db5c81f3d5f27d95f99cccfdbdb46b084d14f54af44431fad3b420551",
        "6004798597e5dc9234aa646b1b2e6095a6fff29e05ca24bc03993d4660f45293",
        "32022160a8ad0a8fc019621027d15cfaac4ae2973394214d7e43255ef265869a",
        "b5bdc1a67fb03151ac594171942bf40eca9af92749d880a095821b9f96fcca58",
        "aa6a5e25571021ff917aa903bb7d53e309dbadbc8ec8dbe2ab964275717486b2",
        "ad15e11338094eb469c3500d46ceff8d7acb8131cc13ab852f53dc6556f7123e",
        "9c70e6eb3bec267277a14fd1308a2ceb313370996c6260a94d11722d8ad59da2",
    }
)
"""Flask-Migrate's template ``flask``."""

MULTIPLE = frozenset(
    {
        "63d15c3d8029aeb17e70f7a3b21c93af71d0f111393e19dc21fa736ad1f34e16",
        "ab42d9e0ec315208422aa36fe3296864ce9f62f5d57e15f263ba571faf987057",
        "51571512733ac10b1dde17efbb496eb24b01288405efb828e9002f25aa965f39",
        "86f31e0059c4eccc882b6e96880e3298f35cfc584d2b7c595af46bd679304455",
        "56d6fa0d09de0c6e03867fab58f85d79e9ed3b19a714f6642a656a1d765c029b",
        "2151d622fe780d7620f278dd86645f1b6ebd3dbd9e1528958d04c5c7d23f5e30",
        "bb220ef082cfce43c22c1f7fba334d2ca90ee5bf34886e2abec25438dc94f58a",
        "a99a413778a08156516d65ae63890175e423da6ebe2aafd0eb760e0f5be1d49f",
    }
)
"""Flask-Migrate's template ``flask-multidb``."""

OURS = frozenset({"1603ad1b673cb1651eb9c69f564361d2740046a39c021a60e2fe08d244ccd0ca"})
"""Our template, for which ``alembic.ini`` says whether it serves one database or many."""
