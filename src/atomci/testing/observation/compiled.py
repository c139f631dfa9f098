"""What is known of compiled packages, which do by themselves what the observer can't see."""

from __future__ import annotations

__all__ = ["CONNECT_THEMSELVES", "LEAVE_FILES_ALONE", "OPEN_FILES_THEMSELVES"]

_QUIET = """
BTrees Levenshtein _argon2_cffi_bindings _black_version _brotli _cbor2 _cffi_backend _yaml aiohttp
asyncpg bcrypt bitarray black blib2to3 bottleneck brotli cbor2 charset_normalizer ciso8601 contourpy
coverage cryptography cytoolz editdistance fastavro frozenlist gmpy2 google greenlet hiredis httptools
immutables jiter kiwisolver lazy_object_proxy lz4 markupsafe matplotlib mmh3 msgpack msgspec multidict
mypy mypyc nacl numexpr numpy orjson pandas pathspec pendulum persistent propcache psutil pvectorc
pydantic pydantic_core pyrsistent rapidfuzz rapidjson regex rpds ruamel scipy setproctitle shapely
simplejson sklearn snappy sqlalchemy statsmodels time_machine tomli tornado ujson websockets whenever
wrapt xxhash yaml yarl zope zstandard
"""
_CONNECTING = """
MySQLdb confluent_kafka cx_Oracle grpc ibm_db oracledb psycopg2 psycopg_binary psycopg_c pycurl pymssql pyodbc
uvloop zmq
"""
LEAVE_FILES_ALONE = frozenset(_QUIET.split())
"""Compiled packages that open no file, or open it by Python's own means. Of others nobody knows."""
OPEN_FILES_THEMSELVES = frozenset({"_dbm", "_gdbm", "cairocffi", "cffi", "pygit2", "soundfile"})
"""Modules of Python's own and packages that have a library of the system open files."""
CONNECT_THEMSELVES = frozenset(_CONNECTING.split())
"""Packages that speak to other hosts in compiled code."""
