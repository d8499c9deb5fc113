"""The diffusion timeline: its sentences, labels and buttons."""

from __future__ import annotations

TIMELINE = {
    "title": "Inside the diffusion",
    "empty": "Press Restore, and watch here how noise turns into the 256 numbers that guide the painting (the paper "
    "calls them the IPR, the image prior representation).",
    "steps": "The noise and the steps of the diffusion; choose one to look at it",
    "coming": "Not there yet",
    "scrub": "Step of the diffusion",
    "at": "{title} of {last}",
    "play": "Play",
    "pause": "Pause",
    "next": "Next step",
    "view": "What to show",
    "own": "This step",
    "final": "Result",
    "difference": "Difference",
    "gain": "Amplified",
    "picture": "What the numbers of {title} paint",
    "picture_final": "The result, which the last step's numbers paint",
    "picture_difference": "Where {title} and the result differ, {gain} times amplified; black where they are the same",
    "hold": "Press and hold the picture to see the result in its place.",
    "unpainted": "This step was not painted: the run needs the picture of the last step only.",
    "unpainted_noise": "What would pure noise paint? Nobody has asked yet.",
    "no_picture": "The picture appears here.",
    "facts": "What is known of this step",
    "map": "Map of the numbers, row by row; arrow keys move from one to the next",
    "bars": "The numbers as bars, above or below zero; arrow keys move from one to the next",
    "probe": "Number {index} of {count}: {value}",
    "probe_path": "from the noise on: {path}",
    "probe_hint": "Point at a square or a bar, or move with the arrow keys, to read its number.",
    "scale": "One colour scale for all steps, from the largest number there is to its negative.",
    "paint": "Paint this step",
    "paint_all": "Paint all steps",
    "with_noise": "and the noise",
    "waiting": "Waiting for the painter …",
    "halt": "Stop painting",
    "save": "Save the diffusion:",
    "gif": "Animation (GIF)",
    "strip": "Strip (PNG)",
    "npy": "Numbers (.npy)",
    "save_hint": "The .npy holds float32 numbers, a row per step and 256 columns: row 0 is the noise, the last row "
    "painted the result. Animation and strip show the pictures that were painted.",
    "readings": "What the numbers say, from noise to the last step",
    "readings_note": "The shaded band is how far such readings are off on held-out photos (root mean square). Noise "
    "says nothing about the photo; with every step, the numbers make up their mind.",
    "reading_spoken": "{title}: {path}",
    "noise": "Noise",
    "step": "Step {number}",
    "numbers": "All numbers of this step as text",
    "details": "For engineers: what was counted and measured",
}
NOISE, STEP = "Noise", "Step {number}"
PREPARING = "Painting …"
NORM, CHANGE, COSINE = "Length (norm)", "Distance to the step before", "Likeness to the final numbers (cosine)"
TIME, APART = "Time of this step", "Its picture and the result differ by"
OF_255, LESS = "{value} of 255 levels", "less than {value}"
SHORT_NORM, SHORT_CHANGE, SHORT_COSINE = "norm {value}", "moved {value}", "cosine {value}"

RUNNING = "The diffusion runs on {length} numbers. Each square is one of them: blue is below zero, orange above."
DONE = "Diffusion: {steps} on {length} numbers in {denoise}. Painting the picture: {paint}."
COUNTED = (
    "Diffusion: {diffusion} multiplications in {denoise}, on {length} numbers. "
    "Painting: {painting} in {paint}, {ratio} times as many."
)
MOVED = (
    "Diffusion: {steps} on {length} numbers in {denoise}, moved by hand afterwards: what stands for the picture of the "
    "last step is the result, painted with the numbers moved. Painting: {paint}."
)
READ = "{value} ± {error}"
GIVEN = "These numbers came from elsewhere, so no diffusion ran. Painting the picture: {paint}."
ONCE = "The image network painted once: the result."
OFTEN = "The image network paints anew for every picture you see: {count} times so far."

IS_RESULT = "This is the result."
SAME_RESULT = "This picture is the result, to the last pixel."
APART_SENTENCE = "It differs from the result by {value} of 255 levels on average{where}."
HARDLY = " You will hardly see it: choose Difference."
IN_HOLE = ", inside the hole"

PAINTING = "Painting {title}: {percent} %"
PAINTING_MANY = "Painting {title} ({index} of {count}): {percent} %"
NOTHING_TO_SAVE = "There is no diffusion to save yet: restore a photo first."
NO_SUCH_STEP = "There is no such step."
NO_SUCH_FORMAT = "The diffusion is saved as GIF, PNG or NPY."

COUNT_DETAIL = (
    "Multiplications are multiply-accumulates (MACs) of convolutions, linear layers and matrix products, counted for "
    "what the network saw: {inputs}. Norms and sums are left out."
)
WHOLE_INPUT = "{width} × {height} pixels"
PADDED_INPUT = "{own_width} × {own_height} pixels, padded to {width} × {height}"
PART_INPUT = "{width} × {height} pixels around the hole"
TILED_INPUT = "{count} overlapping tiles of up to {width} × {height} pixels"
STAGES_DETAIL = (
    "Prior encoder (CPEN), once: {encoder} MACs. Denoiser, {steps} at {each} MACs: {diffusion}. "
    "Image network (U-Net), for each picture: {painting}. Reading and encoding took {encode} on {device}, {precision}."
)
PAPER_DETAIL = (
    "The paper's own figures, not measured here: real-world super-resolution ×4, {diffir} × 10¹² Mult-Adds for DiffIR "
    "and {ldm} × 10¹² for a latent diffusion model (LDM); inpainting, {diffir_m} million parameters for DiffIR, "
    "{ldm_m} million for LDM and {repaint_m} million for RePaint, which runs its network over the pixels at every step."
)


def counted(number: int, noun: str) -> str:
    """1 step; 4 steps."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
