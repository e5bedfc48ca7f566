"""A notebook: one picture of the losses, which changes, and below a fitted model its network."""

import nbclient
import nbformat

FIT = """
%matplotlib inline
from sklearn.datasets import load_iris
from skann import ANNClassifier
from skann.callbacks import LossPlot

X, y = load_iris(return_X_y=True)
model = ANNClassifier((8,), encoder=None, learning_rate="cosine", learning_rate_init=0.01, max_iter=20, random_state=0)
model.set_callbacks(LossPlot(seconds=0)).fit(X, y);
"""


def test_pictures():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in (FIT, "model")])
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    of_fit, of_model = ([dict(each) for each in cell.outputs] for cell in notebook.cells)
    assert [each["output_type"] for each in of_fit] == ["display_data"]
    assert "image/png" in of_fit[0]["data"]
    assert of_model[0]["data"]["text/html"].count("skann-network") == 1
