"""Images of an array and of a file, a text and a page as media."""
from io import BytesIO, StringIO
from pathlib import Path

import numpy
from clearml import Task
from PIL import Image

task = Task.init("SDK examples", "media")
logger = task.get_logger()
for step in range(3):
    logger.report_image("image", "of an array", image=numpy.full((16, 16, 3), 80 * step, numpy.uint8), iteration=step)
Image.new("RGB", (8, 8), (0, 0, 255)).save("blue.png")
logger.report_image("image", "of a file", local_path="blue.png", iteration=0)
logger.report_media("media", "text", stream=StringIO("a text"), file_extension="txt", iteration=0)
Path("page.html").write_text("<p>a page</p>")
logger.report_media("media", "page", local_path="page.html", iteration=0)
picture = BytesIO()
Image.new("L", (4, 4)).save(picture, "PNG")
logger.report_media("media", "picture", stream=BytesIO(picture.getvalue()), file_extension="png", iteration=1)
task.flush(wait_for_uploads=True)
print("media: reported")
