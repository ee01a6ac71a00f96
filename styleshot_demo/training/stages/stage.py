"""What makes the three trainings different: which weights learn, what is dropped, what a content picture is for."""

from dataclasses import dataclass

from styleshot_demo.training.stages.objective import DropBounds, Objective


@dataclass
class Stage:
    """A training that is ready to run; the objective's parameters that require gradients are those that learn."""

    name: str
    objective: Objective
    bounds: DropBounds
    uses_content: bool = False
