"""The words of the IPR lab."""

from __future__ import annotations

TITLE = "IPR lab: change the numbers and see what the picture does"
STEER = {
    "title": "What if something else were wrong with the photo?",
    "says": "What the numbers say of this photo:",
    "own": "As the numbers say",
    "hint": "Pull a slider: the middle of the photo is painted again. The result above stays as it is.",
    "tell": "Paint this photo as if it were",
}
STEER_MOVED = "Told otherwise: {moves} (standard deviations)"
AS_IF = {"noise": "noisy", "soft": "soft", "jpeg": "over-compressed", "fine": "fine"}
"""By `lab.KINDS`."""
AS_IF_LOOKING = "Looking at the photo with that damage: {percent} %"
AS_IF_CAPTION = "As if it were {kind}; those numbers say: {says}"
AS_IF_DONE = "Painted as if the photo were {kind}, in {seconds}. The bars below hold these numbers."
RESEARCH = "For researchers: the numbers one by one, other photos, seeds, steps, the teacher"
UNMEASURED = (
    "The numbers of this network were never measured against known damage, so nobody can say what each of them means."
)
LEAD = (
    "The diffusion ends with a short list of numbers (the paper calls it the IPR), and the network paints the picture "
    "by them. Here you can change them, borrow those of another photo, and measure what difference it makes."
)
EMPTY = "Restore a photo first: then its numbers are here to play with."
READY = "Pull at some bars, then press “Paint again”."
PRESSED = "Starting; if a run is going, this comes right after it …"
STOP = "Stop"
STOPPED = "Stopped. The numbers and the results above are still here."
DONE = "Done in {seconds}."
NO_RUN = "There is no restored photo to work on."
NO_RUN_HINT = "Press “Restore” first."

EDITOR = {
    "title": "The numbers that the picture is painted by",
    "bars": "The numbers as bars",
    "number": "Number",
    "of": "of {total}",
    "chosen_many": "{count} chosen",
    "level": "Value of the number",
    "value": "Value",
    "was": "was {value}",
    "tools": "Change the numbers",
    "zero": "Zero it",
    "reset": "Reset it",
    "zero_all": "Zero all",
    "scale": "Multiply all by",
    "factor": "Factor",
    "reset_all": "Reset all",
    "undo": "Undo",
    "unchanged": "These are the numbers that the result was painted by.",
    "changed": "{changed} of {total} numbers changed; they moved by {share} of the whole list's length.",
    "spoken": "number {number} of {total}: {value}",
    "keys_title": "Mouse, touch and keys",
    "keys": "Mouse: pull a bar; with Shift, a click chooses all up to there. Touch: tap a bar, then use the slider. "
    "Keys, once the bars have the focus: left and right choose a number, up and down change it (Shift: five times as "
    "far, or choose several), 0 zeroes it, Backspace resets it, Ctrl+Z undoes.",
}

PAINT = "Paint again"
PAINTING = "Painting with these numbers: {percent} %"
SLIDER = "Left of the line: the run's own result. Right of it: painted with your numbers"
DIFFERENCE = "The difference, {gain} times as strong as it is (grey: none)"
DIFFERENCE_PLAIN = "The difference (grey: none)"
SAME = "Not one pixel changed: painted with the same numbers, the picture is the same."
APART = (
    "{verdict} On average a colour moved by {mean} of 255 levels, in {share} of the pixels. Your picture against the "
    "run's own: {psnr} dB PSNR. The network painted for {seconds}; nothing was encoded again."
)
VERDICTS = ((48.0, "Too little to see."), (40.0, "Hard to see without the difference below."), (0.0, "That shows."))
"""(from this PSNR in dB on, the sentence)."""
KEEP_PICTURE = "Download this picture (PNG)"

TITLES = {
    "donor": "Borrow another photo's numbers, save or load",
    "seeds": "Other noise: does the diffusion find the same numbers again?",
    "steps": "Other steps: 1 to 8 instead of the trained number",
    "heat": "What one number moves: a map over the picture",
    "oracle": "If the answer were known: the teacher's numbers",
}

DONOR_LEAD = "Take the numbers of a second photo, and mix them into these. Only its numbers are used, not its pixels."
DONOR_MASKED = (
    "An example brings its own drawn mask. For a photo of yours the mask of this run is stretched over it, since the "
    "network looks at the hole, too."
)
DONOR_PICK = "Take from:"
DONOR_OWN = "A photo of mine"
DONOR_SHARE = "How much of the other photo's numbers"
DONOR_SHARE_INFO = "0: this photo's own. 1: the other photo's. Beyond 1: further in the same direction."
DONOR_NONE = "No other numbers yet."
DONOR_LOOKING = "Looking at the other photo: {percent} %"
DONOR_FOUND = (
    "The numbers of {name} lie {relative} of this list's length away from this photo's (cosine {cosine}). They are in "
    "the bars now, by the share above; press “Paint again” to see them at work."
)
DONOR_TAKEN = "The numbers of {name} are in the bars. Press “Paint again”."
NO_EXAMPLE = "There is no such example."
SAVE = "Save these numbers (.npy)"
LOAD = "Load numbers (.npy)"
FILE_LOST = "That file is no longer on the server."
FILE_LOST_HINT = "Choose it again."

SEEDS_LEAD = (
    "The diffusion starts from noise. Does it find the same numbers from other noise? This finds them again and again, "
    "without painting."
)
SEEDS_COUNT = "How many seeds"
SEEDS_PAINT = "Also paint the two that differ most"
SEEDS_GO = "Try other noise"
SEEDS_GOING = "Finding the numbers from other noise: {percent} %"
SEEDS_PAINTING = "Painting the two that differ most: {percent} %"
SEEDS_READ = (
    (0.02, "The noise hardly matters"),
    (0.10, "The noise matters a little"),
    (float("inf"), "The noise matters a lot"),
)
"""(up to this spread, the sentence's beginning)."""
SEEDS_FOUND = (
    "{verdict}: from {count} seeds, the lists lie {spread} of their length from their mean, and two of them on average "
    "{pair} from each other. The least steady number is number {worst}, with a standard deviation of {deviation}."
)
SEEDS_PLOT = "Each number's mean over the seeds (bars), and from its smallest to its largest value (thin lines)"
SEEDS_CLOSE = "The same thin lines around each mean, enlarged"
SEEDS_BAND = "The longest thin line is {widest}, the tallest bar {tallest}."
SEEDS_PAIR = "Painted from seeds {first} and {second}, the pictures differ by {mean} of 255 levels ({psnr} dB PSNR)."
SEEDS_SAME = "Painted from seeds {first} and {second}, the pictures are the same to the last pixel."
SEED_CAPTION = "Seed {seed}"
DIFFERENCE_CAPTION = "Their difference, times {gain}"

STEPS_LEAD = (
    "The network was trained to find its numbers in a fixed number of steps. This paints with 1 to 8 of them over the "
    "same range of noise, and measures each against the trained number."
)
STEPS_GO = "Try 1 to 8 steps"
STEPS_GOING = "Painting with 1 to 8 steps: {percent} %"
STEPS_HEAD = ("Steps", "Numbers away from the trained", "Picture against the trained one, dB")
STEPS_TRAINED = "{steps} (as trained)"
STEPS_SAME = "the same"
STEPS_FOUND = (
    "Within {most} of the list's length from {trained} steps on; a single step ends {one} away. The pictures agree to "
    "{psnr} dB PSNR or better."
)
STEPS_DETAIL = (
    "Other numbers of steps resample the trained schedule: their times lie evenly from 0 to T−1, the logarithm of the "
    "signal-to-noise ratio is interpolated between trained times, and the denoiser is told the same times, so it sees "
    "none outside of its training. With the trained number the schedule is that of training, bit for bit. Columns with "
    "a score are measured against the clean original."
)

HEAT_LEAD = "Move one number up and down, paint both, and see where the pictures differ."
HEAT_NUMBER = "Number"
HEAT_NUMBER_INFO = "Sorted by how strongly the network's layers listen to it. A fact of the weights, not of this photo."
HEAT_CHOICE = "{number} (listened to: {rank} of {total})"
HEAT_STRENGTH = "How far to move it"
HEAT_STRENGTHS = ((0.1, "10 %"), (0.5, "50 %"), (1.0, "100 %"))
HEAT_STRENGTH_INFO = "As a share of the whole list's length."
HEAT_GO = "Show what it moves"
HEAT_GOING = "Painting with number {number} moved up and down: {percent} %"
HEAT_FOUND = (
    "Moving number {number} by {delta} up or down moves a colour by {mean} of 255 levels on average; {share} of the "
    "pixels differ between up and down. The brightest spot moves by {top} levels."
)
HEAT_NOTHING = "Moving number {number} by {delta} up or down does not change a single pixel."
HEAT_CAPTION = "Where number {number} acts"
HEAT_BAR = "levels of 255"
HEAT_DETAIL = (
    "Per pixel: half the mean absolute difference between both paintings, averaged over squares of {window} pixels, "
    "since 8-bit pixels move in whole levels. On this device the network paints in {precision}; differences of a few "
    "hundredths of a level may be rounding. The ranking is the length of a number's columns in all steering layers "
    "(W in scale, shift = W · IPR) together; here it goes from {largest} to {smallest}, with {median} in the middle."
)

ORACLE_LEAD = (
    "In training, a first network (stage 1, the teacher) was shown the clean original, and the diffusion learned to "
    "guess its numbers from the damaged photo alone. With the teacher's file and the original, you can compare."
)
ORACLE_NO_TRUTH = "This needs a photo whose clean original is known: press “{damage}” above, then “Restore”."
ORACLE_NO_TEACHER = (
    "Teachers are not shipped. Put a stage-1 file of this task into the checkpoints folder, or bring one of your own."
)
ORACLE_FILE = "Teacher"
ORACLE_OWN = "Use a stage-1 file of my own (.safetensors, .pth)"
ORACLE_GO = "Ask the teacher"
ORACLE_OPENED = "{name} is ready: {badge}."
ORACLE_GOING = "The teacher looks at the original: {percent} %"
ORACLE_PAINTING = "Painting with the teacher's numbers: {percent} %"
ORACLE_FOUND = (
    "The estimate lies {relative} of the teacher's length away from the teacher's numbers; the cosine between both is "
    "{cosine}."
)
ORACLE_ROWS = ("This network, its own estimate", "This network, the teacher's numbers", "The teacher itself")
ORACLE_HEAD = "Painted by"
ORACLE_PLOT = "The teacher's numbers (bars), and the estimate (dots)"
ORACLE_DETAIL = (
    "A fair comparison only if this very teacher taught this network: another one's numbers mean something else to it. "
    "The U-Net went on learning together with the diffusion after stage 1, so the network may score above its teacher."
)

PIECE_CROP = "The photo is large: this was measured on a piece of it, {width} × {height} pixels, at full size."
PIECE_SHRUNK = "The photo is large: this was measured on a copy made smaller, {width} × {height} pixels."
DETAILS = "For engineers"
