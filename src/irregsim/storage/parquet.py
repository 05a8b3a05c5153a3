"""Tables as Parquet: columns of stated kinds, a row group a replicate, and a hash of the content."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from irregsim.storage.hashing import canonical_json
from irregsim.storage.paths import naming

if TYPE_CHECKING:
    import pandas as pd

#: Kind of a column: ``text`` (UTF-8, never missing), ``text?`` (may be missing), ``int`` (64 bits), ``float``
#: (64 bits, may be missing as NaN), ``bool`` (never missing).
Kind = str

#: Columns of a table with their kinds, in the order of the file.
Columns = Sequence[tuple[str, Kind]]

#: Fixed, because the bytes of a table must not depend on a library's defaults.
_PARQUET: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 3,
    "version": "2.6",
    "data_page_version": "1.0",
    "use_dictionary": True,
    "write_statistics": True,
    "store_schema": False,
}


#: Texts of a column that together take no more than this are written as codes: a sixteenth of what Parquet takes.
_FEW_BYTES: Final = 1 << 16

#: Rows that Parquet has on the first page of a column, if there are so many; it may have more.
_FIRST_PAGE: Final = 1 << 14


class TableError(ValueError):
    """A table does not have the columns, kinds or values that its schema asks for."""


def _arrow_schema(columns: Columns) -> Any:
    import pyarrow as pa

    types = {"text": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    return pa.schema([pa.field(column, types[kind.rstrip("?")]) for column, kind in columns])


def coded_table(name: str, columns: Columns, frame: pd.DataFrame, replicate: int) -> Any:
    """One replicate of a table with ``replicate`` put in its place, and text as codes.

    Args:
        name: Table name, for messages.
        columns: Its columns and kinds, in the order of the file.
        frame: Rows in their final order, with the columns of the schema except ``replicate``. Text columns
            may be categorical. More columns than the schema has are an error, so that nothing is lost unseen.
        replicate: Number of the replicate, from 0.

    Returns:
        A pyarrow table with dictionaries of strings, each without repeats, as text columns; see `plain_table`.

    Raises:
        TableError: If columns, kinds or missing values are not those of the schema.
    """
    import pyarrow as pa

    wanted = [column for column, _ in columns if column != "replicate"]
    if list(frame.columns) != wanted:
        raise TableError(f"{name}: columns {list(frame.columns)}, but the table has {wanted}")
    schema = _arrow_schema(columns)
    arrays: dict[str, Any] = {}
    for column, kind in columns:
        type_ = schema.field(column).type
        if column == "replicate":
            arrays[column] = pa.repeat(pa.scalar(replicate, type_), len(frame))
            continue
        try:
            array = pa.array(frame[column])
            if kind.startswith("text") and not _holds_text(array.type):
                raise TableError(f"{name}.{column}: is {array.type}, but must be text")
            array = _coded(array) if kind.startswith("text") else array.cast(type_)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
            raise TableError(f"{name}.{column}: is not {kind}: {error}") from error
        if kind in ("int", "float", "bool") and frame[column].dtype.kind != kind[0]:
            raise TableError(f"{name}.{column}: is {frame[column].dtype}, but must be {kind}")
        if array.null_count and kind not in ("text?", "float"):
            raise TableError(f"{name}.{column}: {array.null_count} values are missing, but none may be")
        arrays[column] = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    return pa.table(arrays)


def plain_table(coded: Any) -> Any:
    """A table in the form it is read: with plain string columns, from those of `coded_table`."""
    import pyarrow as pa

    columns = {
        name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(coded.column_names, coded.columns, strict=True)
    }
    return pa.table(columns)


def _ordered(table: Any) -> Any:
    """A table with all text as codes in order of appearance, of the texts that are used."""
    import pyarrow as pa

    columns = {}
    for field, column in zip(table.schema, table.columns, strict=True):
        if pa.types.is_string(field.type) or pa.types.is_dictionary(field.type):
            # Pieces may have a dictionary each.
            column = _by_appearance(column.unify_dictionaries().combine_chunks())
        columns[field.name] = column
    return pa.table(columns)


def _as_written(ordered: Any) -> Any:
    """What `_ordered` gave, with text as it is written fastest, to the same bytes as plain text."""
    import pyarrow as pa

    columns = {}
    for name, column in zip(ordered.column_names, ordered.columns, strict=True):
        if pa.types.is_dictionary(column.type) and not _is_written_alike(column.combine_chunks()):
            column = column.cast(pa.string())
        columns[name] = column
    return pa.table(columns)


def _is_written_alike(coded: Any) -> bool:
    """Whether codes in order of appearance are written as plain text is: Parquet makes the same codes of that.

    It gives them up midway where there are too many texts, and has as many bits for each code on a page as the texts
    need that appeared by its end.
    """
    import pyarrow.compute as pc

    if coded.dictionary.nbytes > _FEW_BYTES:
        return False
    begins = pc.max(coded.indices[:_FIRST_PAGE]).as_py() or 0
    return bool(len(coded) <= _FIRST_PAGE or begins.bit_length() == (len(coded.dictionary) - 1).bit_length())


def table_from_frame(name: str, columns: Columns, frame: pd.DataFrame, replicate: int) -> Any:
    """One replicate of a table in the form it is stored; arguments and errors as for `coded_table`."""
    return plain_table(coded_table(name, columns, frame, replicate))


def _coded(array: Any) -> Any:
    """Text, plain or coded, as codes of strings."""
    import pyarrow as pa

    if pa.types.is_dictionary(array.type) and isinstance(array, pa.Array):
        # Each text is converted once, not once a row.
        return pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(pa.string()))
    return array.cast(pa.string()).dictionary_encode()


def _holds_text(type_: Any) -> bool:
    import pyarrow as pa

    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    # A column in which every value is missing has no type of its own.
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_null(type_))


def content_digest(table: Any) -> bytes:
    """SHA-256 over the values of one replicate's table; the same for any Parquet library and version.

    Text counts as its distinct values in order of appearance and the place of each row among them; numbers as
    their little-endian bytes, with one form of NaN and no negative zero.

    Args:
        table: A pyarrow table; text plain or in dictionaries without repeats, which makes no difference.
    """
    return _digest_of(_ordered(table))


def _digest_of(ordered: Any) -> bytes:
    """`content_digest` of what `_ordered` gave."""
    import numpy as np
    import pyarrow as pa

    digest = hashlib.sha256()
    digest.update(f"{ordered.num_rows}\n".encode())
    for field in ordered.schema:
        column = ordered.column(field.name).combine_chunks()
        texts, values = "", column
        if pa.types.is_dictionary(field.type):
            kind, texts = "text", canonical_json(column.dictionary.to_pylist())
            codes = column.indices.fill_null(-1) if column.null_count else column.indices
            values = codes.to_numpy().astype("<i4", copy=False)
        elif pa.types.is_boolean(field.type):
            kind, values = "bool", column.to_numpy(zero_copy_only=False).astype("u1")
        elif pa.types.is_floating(field.type):
            kind, values = "float", column.to_numpy(zero_copy_only=False).astype("<f8") + 0.0
            values[np.isnan(values)] = np.nan
        else:
            kind, values = "int", column.to_numpy(zero_copy_only=False).astype("<i8", copy=False)
        digest.update(f"{field.name}:{kind}\n{texts}\n".encode())
        digest.update(np.ascontiguousarray(values).data)
    return digest.digest()


def _by_appearance(column: Any) -> Any:
    """Text, plain or coded in one piece, with the codes in order of appearance and no text that is not used."""
    import numpy as np
    import pyarrow as pa

    coded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if isinstance(coded, pa.ChunkedArray):
        coded = coded.combine_chunks()
    used = coded.indices.unique().drop_null()
    codes = coded.indices.fill_null(-1) if coded.null_count else coded.indices
    # The last place is found by -1, and stays as it is.
    places = np.full(len(coded.dictionary) + 1, -1, dtype="<i4")
    places[used.to_numpy()] = np.arange(len(used))
    found = places[codes.to_numpy()]
    indices = pa.array(found, mask=found < 0) if coded.null_count else pa.array(found)
    return pa.DictionaryArray.from_arrays(indices, coded.dictionary.take(used))


class TableWriter:
    """Writes one table, a row group per replicate, and keeps the hash of its content.

    Use as a context manager. The file is complete only after the context has ended without an error.
    """

    def __init__(self, path: Path, columns: Columns) -> None:
        import pyarrow.parquet as pq

        self._path = path
        self._writer = pq.ParquetWriter(path, _arrow_schema(columns), **_PARQUET)
        self._digest = hashlib.sha256()

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(self, *_: object) -> None:
        with naming(self._path):
            self._writer.close()

    def write(self, table: Any, digest: bytes | None = None) -> None:
        """Append one replicate as one row group (an empty one where the table has no rows).

        Args:
            table: As for `content_digest`.
            digest: Its `content_digest`, where that is known.
        """
        self._digest.update(digest or content_digest(table))
        with naming(self._path):
            self._writer.write_table(plain_table(table), row_group_size=max(1, table.num_rows))

    @property
    def content_sha256(self) -> str:
        """Hash over the content digests of the replicates written so far, in order."""
        return self._digest.hexdigest()


def write_table(table: Any, path: Path) -> bytes:
    """Write a table into a file of its own, as one row group; returns its `content_digest`."""
    import pyarrow.parquet as pq

    ordered = _ordered(table)
    with naming(path):
        pq.write_table(_as_written(ordered), path, row_group_size=max(1, table.num_rows), **_PARQUET)
    return _digest_of(ordered)


def read_group(path: Path, group: int, columns: Sequence[str] | None = None, *, coded: bool = False) -> Any:
    """One row group (one replicate) of a stored table, as a pyarrow table.

    Args:
        path: The file.
        group: Number of the row group.
        columns: Which columns; None for all.
        coded: Whether text comes as codes, in order of appearance, which is how it is stored; plain otherwise.
    """
    import pyarrow.parquet as pq

    metadata, text = None, None
    if coded:
        now = path.stat()
        metadata, text = _foot(path, now.st_mtime_ns, now.st_size, now.st_ino)
    with pq.ParquetFile(path, metadata=metadata, read_dictionary=text) as file:
        return file.read_row_group(group, columns=None if columns is None else list(columns))


@lru_cache(maxsize=64)
def _foot(path: Path, *state: int) -> tuple[Any, list[str]]:
    """What a file says of itself, and its columns of text; read once for all replicates while the file is the same."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return file.metadata, [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]


def row_groups(path: Path) -> int:
    """How many row groups (replicates) a stored table has."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        return int(file.metadata.num_row_groups)


def holds_numbers(path: Path) -> bool:
    """Whether every column of a stored table is of numbers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = pq.read_schema(path).types
    return all(pa.types.is_integer(kind) or pa.types.is_floating(kind) for kind in kinds)


def content_sha256(path: Path) -> str:
    """Content hash of a stored table, as the manifest has it."""
    import pyarrow.parquet as pq

    digest = hashlib.sha256()
    with pq.ParquetFile(path) as file:
        for group in range(file.metadata.num_row_groups):
            digest.update(content_digest(file.read_row_group(group)))
    return digest.hexdigest()


def to_frame(table: Any) -> pd.DataFrame:
    """A pyarrow table as a data frame, text as categories in order of appearance; of text also where there are none."""
    import pandas as pd
    import pyarrow as pa

    coded = [
        table.column(field.name).dictionary_encode() if pa.types.is_string(field.type) else table.column(field.name)
        for field in table.schema
    ]
    frame: pd.DataFrame = pa.Table.from_arrays(
        [c.unify_dictionaries() if isinstance(c, pa.ChunkedArray) else c for c in coded],
        names=table.schema.names,
    ).to_pandas()
    # Without a single text, pandas makes categories of anything, which do not go with those of text.
    none = pd.CategoricalDtype(pd.Index([], dtype="str"))
    empty = [name for name, type_ in frame.dtypes.items() if type_ == "category" and len(type_.categories) == 0]
    return frame.astype(dict.fromkeys(empty, none)) if empty else frame
