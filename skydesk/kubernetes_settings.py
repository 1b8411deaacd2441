"""Settings of jobs on Kubernetes, which count where ``SkydeskSettings.job_runner`` is ``kubernetes``."""

from traitlets import Dict, Enum, Float, Int, List, Unicode
from traitlets.config import Configurable

__all__ = ["KubernetesJobs"]


class KubernetesJobs(Configurable):
    """Where and how the pods of jobs run. Memory and time of a pod are its job's; `SkydeskSettings.workers` is the most pods at a time."""

    kubeconfig = Unicode(
        help="""File with the cluster's address and credentials. Empty inside a cluster, for those of the service account."""
    ).tag(config=True)
    namespace = Unicode("skydesk-jobs", help="""Namespace of the jobs, best one of their own.""").tag(config=True)
    instance = Unicode(
        "skydesk",
        help="""Tells several SkyDesks in one namespace apart: they must differ. A service that starts goes on with the jobs
        of its instance, so keep it.""",
    ).tag(config=True)
    image = Unicode(help="""Image of job pods, with the same SkyDesk in it as the service has. Must be set.""").tag(config=True)
    image_pull_policy = Enum(
        ["IfNotPresent", "Always", "Never"], default_value="IfNotPresent", help="""When a node fetches the image."""
    ).tag(config=True)
    image_pull_secrets = List(Unicode(), help="""Names of Secrets in the namespace of the jobs with which the image is fetched.""").tag(
        config=True
    )
    command = List(
        Unicode(), default_value=["python", "-m", "skydesk.pod_worker"], help="""What a pod runs; gets the request's file."""
    ).tag(config=True)
    report_address = Unicode(
        help="""Address of this service for pods, with its prefix: http://skydesk.jhub:10180/services/skydesk. Must be set."""
    ).tag(config=True)
    jobs_claim = Unicode(
        "skydesk-jobs",
        help="""Volume claim of the job folders in the namespace of the jobs. The service mounts the same volume, at
        SkydeskSettings.jobs_folder, and labs their owner's folder of it.""",
    ).tag(config=True)
    jobs_mount = Unicode("/srv/skydesk/jobs", help="""Where a pod sees the folder of its owner.""").tag(config=True)
    jobs_sub_path = Unicode(help="""Folder of the job folders in their volume. Empty for its root.""").tag(config=True)
    survey_claim = Unicode(
        help="""Volume claim of survey file and catalogue in the namespace of the jobs, mounted read-only. Empty where the
        image or extra_volumes have them."""
    ).tag(config=True)
    survey_mount = Unicode("/srv/skydesk/survey", help="""Where a pod sees the volume of survey_claim.""").tag(config=True)
    cache_claim = Unicode(
        help="""Volume claim, in the namespace of the jobs, that pods write the seek indexes of compressed images to, 6 MB a plane of
        a whole tile, and compiled code. Many pods write to it at once; it may be emptied at any time. Empty for none: every pod then
        makes its own, which takes half a minute before the first image."""
    ).tag(config=True)
    cache_mount = Unicode("/srv/skydesk/cache", help="""Where a pod sees the volume of cache_claim.""").tag(config=True)
    survey_file = Unicode(help="""The survey file as a pod sees it. Empty where that is the same path as in the service.""").tag(
        config=True
    )
    node_selector = Dict(Unicode(), help="""Labels of the nodes on which jobs may run. Empty for any.""").tag(config=True)
    tolerations = List(Dict(), help="""Taints of nodes that jobs put up with, as in a pod's manifest.""").tag(config=True)
    priority_class = Unicode(help="""Priority class of job pods, best below that of labs. Empty for the cluster's default.""").tag(
        config=True
    )
    user_id = Int(1000, min=1, help="""User id of job pods; labs and the service must have the same, since they share the files.""").tag(
        config=True
    )
    group_id = Int(1000, min=1, help="""Group id of job pods, as user_id.""").tag(config=True)
    cpu_request = Unicode("500m", help="""Processor time that is set aside for a pod, as Kubernetes writes it.""").tag(config=True)
    cpu_limit = Unicode("2", help="""Most processor time of a pod, as Kubernetes writes it.""").tag(config=True)
    memory_spare_bytes = Int(
        256 * 2**20,
        min=0,
        help="""Memory of a pod beyond that of its job, bytes: for the interpreter, its libraries and the cache of files.""",
    ).tag(config=True)
    scratch_bytes = Int(8 * 2**30, min=2**20, help="""Scratch space of a pod on its node's disk, bytes.""").tag(config=True)
    stop_seconds = Int(10, min=1, help="""How long a pod may take to end when it is told to, seconds.""").tag(config=True)
    ttl_seconds = Int(3600, min=0, help="""How long an ended Job stays on the cluster to be looked at, seconds.""").tag(config=True)
    environment = Dict(Unicode(), help="""Environment variables of job pods. Nothing secret: everybody who may see pods reads them.""").tag(
        config=True
    )
    extra_volumes = List(Dict(), help="""Further volumes of job pods, as in a pod's manifest.""").tag(config=True)
    extra_volume_mounts = List(Dict(), help="""Where a pod sees them, as in a container's manifest.""").tag(config=True)
    place_seconds = Float(
        120, min=1, help="""How long a pod may wait for a node, seconds; afterwards its job goes back to the queue."""
    ).tag(config=True)
    image_seconds = Float(
        180,
        min=1,
        help="""How long a node may try to fetch the image once that has failed, seconds; afterwards its job ends in an error.""",
    ).tag(config=True)
    start_seconds = Float(
        600, min=1, help="""How long a pod that has a node may take to begin, the first fetch of the image included, seconds."""
    ).tag(config=True)
    lost_seconds = Float(
        300, min=1, help="""How long a pod whose node is silent may take to end, seconds; afterwards its job is begun again elsewhere."""
    ).tag(config=True)
    queue_seconds = Float(86400, min=1, help="""How long a job is put back for want of a place before it ends in an error, seconds.""").tag(
        config=True
    )
