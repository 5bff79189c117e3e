"""Writes NWB files with the structure of the Visual Behavior 2P data set, whole and damaged."""

from __future__ import annotations

import datetime
import functools
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

FLASH = 0.75  # s from image to image
RATE = 10.71  # Hz
N_FLASHES = 40
CHANGES = (8, 16, 27, 34)
OMISSIONS = (12, 26, 30)  # the one at 26 is followed by a change
# Where the laboratory's extension of the format keeps what the core has no place for.
EXTENSION = "ndx-aibs-behavior-ophys"
EVENT_DETECTION = "OphysEventDetection"
FACTS = {
    "ophys_experiment_id": "int",
    "ophys_session_id": "int",
    "imaging_depth": "numeric",
    "session_type": "text",
}


def presentations(**columns: Any) -> pd.DataFrame:
    """Flashes every 750 ms, with image changes and omissions."""
    index = np.arange(N_FLASHES)
    image = np.searchsorted(CHANGES, index, side="right")
    table = pd.DataFrame(
        {
            "start_time": 10 + FLASH * index,
            "stop_time": 10 + FLASH * index + 0.25,
            "image_name": [f"im{k:03d}" for k in image],
            "is_change": np.isin(index, CHANGES),
            "omitted": np.isin(index, OMISSIONS),
            "active": True,
            "is_image_novel": False,
        }
    )
    table.loc[table["omitted"], "image_name"] = "omitted"
    table = table.assign(**columns)
    return table.drop(columns=[name for name, value in columns.items() if value is None])


def timestamps(rate: float = RATE) -> np.ndarray:
    """Times of the samples, a little irregular: 0 to 50 s, presentations from 10 s to 40 s."""
    n_times = int(50 * rate)
    return np.arange(n_times) / rate + 0.002 * np.sin(np.arange(n_times))


def ramps(n_cells: int, times: np.ndarray | None = None) -> np.ndarray:
    """dF/F of cell c = (c + 1) t: linear interpolation gives it back exactly."""
    times = timestamps() if times is None else times
    return times[:, None] * np.arange(1, n_cells + 1)


@functools.cache
def type_map() -> Any:
    """Core types and the extension's, apart from pynwb's own: a reader has only the file's."""
    from pynwb import get_type_map
    from pynwb.spec import NWBAttributeSpec, NWBGroupSpec, NWBNamespaceBuilder

    def attribute(name: str, dtype: str, shape: tuple | None = None) -> Any:
        return NWBAttributeSpec(name=name, doc=name, dtype=dtype, shape=shape, required=False)

    builder = NWBNamespaceBuilder(
        "A laboratory's extension", EXTENSION, version="0.2.0", author="A", contact="a@b.org"
    )
    builder.include_namespace("core")
    groups = {
        "OphysBehaviorMetadata": ("LabMetaData", [attribute(*fact) for fact in FACTS.items()]),
        "BehaviorSubject": ("Subject", [attribute("driver_line", "text", (None,))]),
        EVENT_DETECTION: ("RoiResponseSeries", [attribute("noise_std", "float")]),
    }
    for name, (base, attributes) in groups.items():
        group = NWBGroupSpec(
            doc=name, neurodata_type_def=name, neurodata_type_inc=base, attributes=attributes
        )
        builder.add_spec("extension.yaml", group)
    types = get_type_map()
    with tempfile.TemporaryDirectory() as folder:
        builder.export("namespace.yaml", outdir=folder)
        types.load_namespaces(str(Path(folder) / "namespace.yaml"))
    return types


def new_file(experiment: int = 1, session: int = 11, **facts: Any) -> Any:
    """An NWB file without data; `facts` are kept in the extension."""
    from pynwb import NWBFile

    file = NWBFile(
        session_description="d",
        identifier=str(experiment),
        session_id=str(session),
        session_start_time=datetime.datetime(2021, 3, 25, tzinfo=datetime.UTC),
    )
    if facts:
        metadata = type_map().get_dt_container_cls("OphysBehaviorMetadata", EXTENSION)
        file.add_lab_meta_data(metadata(name="metadata", **facts))
    return file


def add_subject(
    file: Any, mouse: str | None, genotype: str | None, driver_line: list[str] | None = None
) -> None:
    from pynwb.file import Subject

    facts = {"subject_id": mouse, "genotype": genotype, "species": "Mus musculus", "age": "P100D"}
    if driver_line is None:
        file.subject = Subject(**facts)
    else:
        subject = type_map().get_dt_container_cls("BehaviorSubject", EXTENSION)
        file.subject = subject(**facts, driver_line=driver_line)


def add_stimuli(file: Any, table: pd.DataFrame, name: str = "Natural_Images") -> None:
    from pynwb.epoch import TimeIntervals

    intervals = TimeIntervals(name=f"{name}_presentations", description="d")
    for column in table.columns.difference(["start_time", "stop_time"], sort=False):
        intervals.add_column(column, column)
    for row in table.to_dict("records"):
        intervals.add_interval(**row)
    file.add_time_intervals(intervals)


def add_plane(
    file: Any,
    dff: np.ndarray,
    *,
    structure: str = "VISp",
    number: int = 1,
    description: str = "at depth 175 um",
    valid: Any = None,
    matched: bool = True,
    holder: str = "DfOverF",
    **options: Any,
) -> Any:
    """An imaging plane with its cells and their dF/F; returns the table of cells.

    `options` are those of `add_series`, such as timestamps or rate.
    """
    from pynwb.ophys import ImageSegmentation, OpticalChannel

    name = f"imaging_plane_{number}"
    plane = file.create_imaging_plane(
        name=name,
        optical_channel=OpticalChannel(name="channel", description="d", emission_lambda=520.0),
        description=description,
        device=file.devices.get("MESO.1") or file.create_device(name="MESO.1"),
        excitation_lambda=910.0,
        indicator="GCaMP6f",
        location=structure,
    )
    module = file.processing.get("ophys") or file.create_processing_module("ophys", "d")
    suffix = "" if number == 1 else f"_{number}"
    segmentation = ImageSegmentation(name=f"image_segmentation{suffix}")
    module.add(segmentation)
    table = segmentation.create_plane_segmentation(
        name="cell_specimen_table", description="d", imaging_plane=plane
    )
    n_cells = dff.shape[1] if dff.ndim == 2 else 1
    ids = 1000 * number + np.arange(n_cells) if matched else np.full(n_cells, -1)
    valid = np.ones(n_cells, dtype=bool) if valid is None else np.array(valid)
    for cell in range(n_cells):
        table.add_roi(image_mask=np.ones((2, 2)), id=100 * number + cell)
    table.add_column("cell_specimen_id", "d", data=ids)
    table.add_column("valid_roi", "d", data=valid)
    add_series(file, table, dff, holder, **({"holder_name": f"dff{suffix}"} | options))
    return table


def add_series(
    file: Any,
    table: Any,
    data: Any,
    holder: str | None,
    *,
    holder_name: str = "dff",
    name: str = "traces",
    module: str = "ophys",
    rois: Any = None,
    **options: Any,
) -> None:
    """A series of the cells of a table, in a holder: a DfOverF, a Fluorescence, or none (None)."""
    from hdmf.common import DynamicTableRegion
    from pynwb import ophys

    rois = np.arange(len(table)) if rois is None else np.array(rois)
    cells = DynamicTableRegion(name="rois", data=rois, description="d", table=table)
    clock = {} if "rate" in options else {"timestamps": timestamps()}
    values = {"name": name, "data": data, "unit": "NA", "rois": cells} | clock | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is wrong on purpose, such as the order of axes
        if holder == EVENT_DETECTION:
            series = type_map().get_dt_container_cls(EVENT_DETECTION, EXTENSION)(**values)
        else:
            series = ophys.RoiResponseSeries(**values)
    if module == "acquisition":
        file.add_acquisition(series)
        return
    place = file.processing.get(module) or file.create_processing_module(module, "d")
    if holder in (None, EVENT_DETECTION):
        place.add(series)
        return
    if holder_name not in place.data_interfaces:
        place.add(getattr(ophys, holder)(name=holder_name))
    place[holder_name].add_roi_response_series(series)


def write(file: Any, path: Path) -> Path:
    from hdmf.build import BuildManager
    from pynwb import NWBHDF5IO

    # Without the extension, which costs more time to read than all the rest.
    types = {type(thing).__name__ for thing in file.objects.values()}
    extended = file.lab_meta_data or types & {"BehaviorSubject", EVENT_DETECTION}
    options = {"manager": BuildManager(type_map())} if extended else {}
    with NWBHDF5IO(str(path), "w", **options) as io:
        io.write(file)
    return path


def replace_data(
    path: Path, data: np.ndarray, part: str = "processing/ophys/dff/traces/data"
) -> Path:
    """Put other data in a file, which pynwb reads but would not write."""
    import h5py

    with h5py.File(path, "a") as file:
        attributes = dict(file[part].attrs)
        del file[part]
        file[part] = data
        file[part].attrs.update(attributes)
    return path


def write_experiment(
    path: Path,
    *,
    n_cells: int = 3,
    dff: np.ndarray | None = None,
    experiment: int = 1,
    session: int = 11,
    depth: int = 175,
    facts: dict[str, Any] | None = None,
    mouse: str | None = "m1",
    genotype: str | None = "Slc17a7-IRES2-Cre/wt;Camk2a-tTA/wt;Ai93(TITL-GCaMP6f)/wt",
    stimuli: pd.DataFrame | None = None,
    **plane: Any,
) -> Path:
    """Write one experiment: one plane of one session, as the data set has them."""
    file = new_file(experiment, session, **(facts or {}))
    add_subject(file, mouse, genotype)
    text = f"(512, 512) field of view in VISp at depth {depth} um"
    plane = {"description": text} | plane
    add_plane(file, ramps(n_cells) if dff is None else dff, **plane)
    add_stimuli(file, presentations() if stimuli is None else stimuli)
    return write(file, path)
