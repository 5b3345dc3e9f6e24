"""Figures by what they show, not by their pixels."""

import dataclasses
from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text
from scipy import stats
from support import random_mixture, read_columns

import em
from bayesian.posterior import Posterior
from experiments.figures import canvas, style
from experiments.figures.comparison.ascent import ascent
from experiments.figures.comparison.coclustering import coclustering
from experiments.figures.comparison.density import density
from experiments.figures.comparison.disagreements import disagreements
from experiments.figures.comparison.known_groups import known_groups
from experiments.figures.comparison.marginals import marginals
from experiments.figures.comparison.plane import plane
from experiments.figures.comparison.predictive import predictive_check
from experiments.figures.comparison.traces import traces
from experiments.figures.geometry import ellipses, histogram_edges
from experiments.reporting.saving import figure_bytes
from mixture import GaussianMixture

NAMES = ("eruptions (min)", "waiting (min)")
NASTY = (r"cost $\frac{1}{0}$ & <b>$</b>", "100% of _all_ {the} ^things " * 5, "x" * 90, "日本 \n (µm)", "")


def posterior_about(mixture, data, *, chains=3, draws=30, spread=0.03, seed=0):
    """Draws scattered a little about a mixture, with its labels."""
    rng = np.random.default_rng(seed)
    shape, (k, d) = (chains, draws), mixture.means.shape
    weights = mixture.weights * np.exp(spread * rng.standard_normal((*shape, k)))
    weights /= weights.sum(axis=-1, keepdims=True)
    sds = np.sqrt(np.diagonal(mixture.dense_covariances, axis1=1, axis2=2))
    means = mixture.means + spread * sds * rng.standard_normal((*shape, k, d))
    scale = np.exp(spread * rng.standard_normal((*shape, 1, 1, 1)))
    return Posterior.from_arrays(weights, means, scale * mixture.dense_covariances, data, structure=mixture.structure)


@dataclasses.dataclass
class Case:
    """What the figures of one data set are drawn from."""

    restarts: em.Restarts
    errors: em.StandardErrors
    posterior: Posterior
    raw: Posterior
    names: tuple[str, ...]

    @property
    def mixture(self):
        return self.restarts.best.mixture

    def draw_all(self, names=None):
        names = names or self.names
        fit = density if len(names) == 1 else plane
        return {
            "fit": fit(self.mixture, self.posterior, names),
            "ascent": ascent(self.restarts),
            "marginals": marginals(self.mixture, self.errors, self.posterior, names),
            "traces": traces(self.raw, self.posterior, names, em_mixture=self.mixture),
            "predictive_check": predictive_check(self.posterior, names),
            "disagreements": disagreements(self.mixture, self.posterior, names),
        }


def make_case(data, n_components, names, **settings):
    restarts = em.fit_best(data, n_components, n_starts=4, rng=1, **settings)
    mixture = restarts.best.mixture
    posterior = posterior_about(mixture, data)
    rng = np.random.default_rng(2)
    orders = np.argsort(rng.random((3, 1, n_components)), axis=-1)
    raw = posterior.permute(np.broadcast_to(orders, (3, 30, n_components)))
    return Case(restarts, em.standard_errors(data, mixture), posterior, raw, names)


@pytest.fixture(scope="module")
def faithful():
    return make_case(read_columns("faithful"), 2, NAMES)


@pytest.fixture(scope="module")
def one_feature():
    return make_case(read_columns("faithful")[:, 1:], 2, NAMES[1:])


@pytest.fixture(scope="module")
def faithful_figures(faithful):
    return faithful.draw_all()


def texts(drawn):
    return [text.get_text() for text in drawn.figure.findobj(Text) if text.get_text()]


def lines_of(ax, colour):
    return [line for line in ax.lines if to_hex(line.get_color()) == colour.lower()]


@pytest.mark.parametrize("which", ["faithful", "one_feature"])
def test_equal_input_gives_equal_bytes_whatever_the_readers_style(which, request):
    case = request.getfixturevalue(which)
    before = mpl.rcParams.copy()
    first = {name: figure_bytes(drawn.figure, "png") for name, drawn in case.draw_all().items()}
    settings = [{k: v for k, v in dict(rc).items() if k != "backend"} for rc in (mpl.rcParams, before)]
    assert settings[0] == settings[1]
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9, "axes.grid": True, "axes.facecolor": "red"}):
        drawn_again = case.draw_all()
    for name, drawn in drawn_again.items():
        assert figure_bytes(drawn.figure, "png") == first[name], name


def test_final_sizes_and_legible_text(faithful_figures, one_feature):
    everything = [*faithful_figures.values(), *one_feature.draw_all().values()]
    for drawn in everything:
        assert drawn.figure.get_figwidth() in (style.SINGLE_COLUMN, style.DOUBLE_COLUMN)
        assert min(text.get_fontsize() for text in drawn.figure.findobj(Text) if text.get_text()) >= 6.5
        assert all(not table.empty for table in drawn.data.values())


def test_ellipses_hold_their_probability():
    mean, covariance = np.array([1.0, -2.0]), np.array([[4.0, 1.5], [1.5, 1.0]])
    curve = ellipses(mean, covariance, 0.9) - mean
    distances = np.einsum("vi,ij,vj->v", curve, np.linalg.inv(covariance), curve)
    np.testing.assert_allclose(stats.chi2(2).cdf(distances), 0.9, rtol=1e-12)


def test_histogram_edges_cover_the_values():
    rng = np.random.default_rng(0)
    for values in (rng.normal(size=500), np.array([3.0, 3.0]), np.array([0.0]), np.r_[np.zeros(99), 1.0]):
        counts, _ = np.histogram(values, histogram_edges(values))
        assert counts.sum() == len(values)


def test_plane_shows_points_and_ellipses(faithful, faithful_figures, one_feature):
    drawn, data = faithful_figures["fit"], faithful.posterior.data
    (ax,) = drawn.figure.axes
    order = np.argsort(faithful.mixture.means[:, 0])
    mixture = faithful.mixture.permute(order)
    allocations = mixture.responsibilities(data).argmax(axis=1)
    for k, line in enumerate(ax.lines[:2]):
        np.testing.assert_array_equal(line.get_xydata(), data[allocations == k])
        assert line.get_marker() == style.COMPONENT_MARKERS[k]
    em_lines = lines_of(ax, style.METHOD_COLOURS["em"])
    assert len(em_lines) == 2 * 2 + 1  # 50 and 90 % of two components, and their means
    np.testing.assert_allclose(em_lines[-1].get_xydata(), mixture.means)
    np.testing.assert_allclose(em_lines[2].get_xydata(), ellipses(mixture.means[0], mixture.dense_covariances[0], 0.9))
    (sheaf,) = ax.collections
    assert len(sheaf.get_segments()) == 2 * 40
    assert (ax.get_xlabel(), ax.get_ylabel()) == NAMES
    table = drawn.data["ellipses"]
    assert table.groupby("method").size().to_dict() == {"EM": 4, "posterior": 80}
    np.testing.assert_array_equal(drawn.data["points"][list(NAMES)], data)
    with pytest.raises(ValueError, match="two features"):
        plane(one_feature.mixture, one_feature.posterior, ["x"])


def test_density_shows_em_and_the_band(one_feature):
    drawn = density(one_feature.mixture, one_feature.posterior, one_feature.names)
    (ax,) = drawn.figure.axes
    curves, bins = drawn.data["densities"], drawn.data["histogram"]
    np.testing.assert_allclose(curves["EM"], np.exp(one_feature.mixture.log_density(curves["x"].to_numpy()[:, None])))
    np.testing.assert_allclose(curves["EM component 1"] + curves["EM component 2"], curves["EM"])
    assert (curves["95% band lower"] <= curves["posterior predictive"]).all()
    assert (bins["density"] * (bins["right"] - bins["left"])).sum() == pytest.approx(1.0)
    em_lines = lines_of(ax, style.METHOD_COLOURS["em"])
    assert any(np.array_equal(line.get_ydata(), curves["EM"]) for line in em_lines)
    assert ax.get_xlabel() == "waiting (min)"
    assert {"1", "2"} <= set(texts(drawn))  # the components' numbers


def test_ascent_shows_every_restart_and_marks_the_singular(faithful):
    restarts = faithful.restarts
    best = restarts.best
    runaway = dataclasses.replace(
        restarts.fits[0], status=em.Status.SINGULAR, log_likelihoods=best.log_likelihood + np.array([-9.0, -1.0, 50.0])
    )
    drawn = ascent(em.Restarts((*restarts.fits, runaway)))
    total, gap = drawn.figure.axes
    for fit in (*restarts.fits, runaway):
        assert any(np.array_equal(line.get_ydata(), fit.log_likelihoods) for line in total.lines)
    longest = max(restarts.fits, key=lambda fit: fit.n_iterations)  # all four reach the best
    (bold,) = (line for line in gap.lines if line.get_linewidth() > 1.0 and line.get_marker() == "None")
    np.testing.assert_array_equal(
        bold.get_ydata(), (best.log_likelihood - longest.log_likelihoods)[: len(bold.get_ydata())]
    )
    assert gap.get_yscale() == "log"
    crosses = [line for line in total.lines if line.get_marker() == "x"]
    top = total.get_ylim()[1]  # the climb leaves the panel between its steps 1 and 2
    where = 1.0 + (top - best.log_likelihood + 1.0) / 51.0
    np.testing.assert_allclose([line.get_xydata() for line in crosses], [[[where, top]]])
    assert {"singular, discarded: 1", "other restarts: 3", "longest climb to the best fit"} <= set(texts(drawn))
    table = drawn.data["ascent"]
    assert len(table) == sum(len(fit.log_likelihoods) for fit in (*restarts.fits, runaway))
    assert table[table["status"] == "singular"]["restart"].unique().tolist() == [5]
    assert table[table["best"]]["log-likelihood"].tolist() == best.log_likelihoods.tolist()
    assert table[table["marked"]]["log-likelihood"].tolist() == longest.log_likelihoods.tolist()
    alone = ascent(em.Restarts((dataclasses.replace(best, log_likelihoods=best.log_likelihoods[-1:]),)))
    figure_bytes(alone.figure, "png")


def test_marginals_set_the_normal_approximation_over_the_draws(faithful, faithful_figures):
    drawn = faithful_figures["marginals"]
    shown = [ax for ax in drawn.figure.axes if ax.get_visible()]
    assert len(shown) == 2 * 5
    bins = drawn.data["histograms"]
    areas = (bins["density"] * (bins["right"] - bins["left"])).groupby(
        bins["parameter"] + bins["component"] + bins["feature"]
    )
    np.testing.assert_allclose(areas.sum(), 1.0)
    row = drawn.data["EM"].set_index(["parameter", "component", "feature"]).loc[("mean", "1", NAMES[1])]
    old = np.argmin(faithful.mixture.means[:, 0])
    assert (row["EM"], row["SE"]) == (faithful.mixture.means[old, 1], faithful.errors.means[old, 1])
    (curve,) = (
        line for ax in shown for line in ax.lines if len(line.get_xdata()) > 2 and row["EM"] in line.get_xdata()
    )
    np.testing.assert_allclose(curve.get_ydata(), stats.norm.pdf(curve.get_xdata(), row["EM"], row["SE"]))
    without = marginals(faithful.mixture, None, faithful.posterior, NAMES)
    assert all(len(line.get_xdata()) == 2 for ax in without.figure.axes for line in ax.lines)


def test_traces_show_switching_on_the_left_alone(faithful, faithful_figures):
    drawn = faithful_figures["traces"]
    left, right = drawn.figure.axes
    order = np.argsort(faithful.mixture.means[:, 0])
    for k in range(2):
        np.testing.assert_array_equal(left.lines[k].get_ydata(), faithful.raw.means[:, :, k, 0].ravel())
        np.testing.assert_array_equal(right.lines[k].get_ydata(), faithful.posterior.means[:, :, order[k], 0].ravel())
    assert left.get_ylabel() == "mean, eruptions (min)"
    assert {"chain 1", "chain 2", "chain 3", "EM"} <= set(texts(drawn))
    table = drawn.data["traces"]
    assert len(table) == 2 * 3 * 30 * 2
    spread = table.groupby(["labels", "component"])["mean"].std().unstack(0)
    assert (spread["relabelled"] < 0.1).all()
    assert (spread["as sampled"] > 0.5).all()
    with pytest.raises(ValueError, match="differ in shape"):
        traces(posterior_about(faithful.mixture, faithful.posterior.data, draws=7), faithful.posterior, NAMES)


def test_predictive_check_counts_the_data(faithful, faithful_figures):
    drawn, data = faithful_figures["predictive_check"], faithful.posterior.data
    counts = drawn.data["histograms"]
    assert counts.groupby("feature")["points"].sum().tolist() == [len(data)] * 2
    assert (counts["90% band lower"] <= counts["90% band upper"]).all()
    ecdf = drawn.data["ecdf"]
    first = ecdf[ecdf["feature"] == NAMES[0]]
    np.testing.assert_allclose(first["ECDF"], [(data[:, 0] <= x).mean() for x in first["x"]])
    (line,) = (line for line in drawn.figure.axes[2].lines if len(line.get_xdata()) == len(first))
    np.testing.assert_allclose(line.get_ydata(), first["ECDF"] - first["predictive mean"])


def test_disagreements_name_the_rows_that_differ_most(faithful, faithful_figures):
    drawn = faithful_figures["disagreements"]
    table = drawn.data["disagreement"]
    assert table["total variation"].is_monotonic_decreasing
    notable = table[table["total variation"] > 1e-4].head(6)
    plane = drawn.figure.axes[1]
    assert {text.get_text() for text in plane.texts} == {str(row) for row in notable["row"]}
    top = table.iloc[0]
    assert top[list(NAMES)].tolist() == faithful.posterior.data[int(top["row"]) - 1].tolist()
    assert top["EM, of another"] == pytest.approx(
        1.0 - faithful.mixture.responsibilities([top[list(NAMES)].to_numpy(float)]).max()
    )


def test_names_are_taken_literally(faithful):
    for drawn in faithful.draw_all(NASTY[:2]).values():
        shown = drawn.figure.findobj(Text)
        assert not any(text.get_parse_math() or text.get_usetex() for text in shown)
        assert figure_bytes(drawn.figure, "svg").startswith(b"<?xml")
    assert r"$\frac{1}{0}$ & <b>" in faithful.draw_all(NASTY[:2])["fit"].figure.axes[0].get_xlabel()


@pytest.mark.parametrize("n_features", [1, 2])
def test_features_may_bear_the_names_of_our_columns(faithful, one_feature, n_features):
    case = faithful if n_features == 2 else one_feature
    data, labels = case.posterior.data, np.arange(len(case.posterior.data)) % 2
    matrix, looks = np.eye(len(data)), {"EM": style.METHODS["em"]}

    def tables(names):
        yield (plane if n_features == 2 else density)(case.mixture, case.posterior, names).data["points"]
        yield disagreements(case.mixture, case.posterior, names).data["disagreement"]
        yield coclustering(matrix, {"EM": labels, "VI": labels}, data, labels, names).data["points"]
        if n_features == 2:
            yield known_groups(labels, ["a", "b"], {"EM": labels}, looks, data, names).data["points"]

    fixed = {column for table in tables(case.names) for column in table.columns} - set(case.names)
    assert {"row", "total variation"} <= fixed
    for name in sorted(fixed):
        names = (name, "b")[:n_features]
        for theirs, ours in zip(tables(names), tables(case.names), strict=True):
            assert theirs.columns.is_unique
            assert theirs.columns[-n_features].startswith(name)
            np.testing.assert_array_equal(theirs.to_numpy(), ours.to_numpy())


@pytest.mark.parametrize("structure", ["full", "tied_diag"])
def test_many_components_and_features(structure):
    rng = np.random.default_rng(6)
    mixture = random_mixture(structure, 8, 5, rng, separation=9.0, condition=5.0)
    data = mixture.draw(2500, rng)[0]
    errors = em.standard_errors(data, em.fit(data, mixture).mixture)
    restarts = em.Restarts((em.fit(data, mixture),))
    posterior = posterior_about(restarts.best.mixture, data)
    for drawn in Case(restarts, errors, posterior, posterior, NASTY).draw_all().values():
        with style.figure_style():
            drawn.figure.draw_without_rendering()  # warns if panels collapse or a character is missing
        assert drawn.figure.get_figheight() <= 9.5
    points = plane(restarts.best.mixture, posterior, NASTY).figure.axes[0].lines[0]
    assert points.get_rasterized()


@pytest.mark.parametrize(
    ("scale", "offset"), [(1e-9, 0.0), (1e-3, 0.0), (1.0, 0.0), (1e9, 0.0), (1e-2, 1e9), (1.0, -1e7)]
)
def test_tick_labels_never_meet(scale, offset):
    rng = np.random.default_rng(7)
    base = GaussianMixture([0.4, 0.6], [[-3.0, 0.0], [2.0, 1.0]], [np.eye(2), 2.0 * np.eye(2)])
    data = base.draw(200, rng)[0] * scale + offset
    mixture = GaussianMixture(base.weights, base.means * scale + offset, base.covariances * scale**2)
    posterior = posterior_about(mixture, data)
    for drawn in (
        plane(mixture, posterior, NAMES),
        marginals(mixture, None, posterior, NAMES),
        predictive_check(posterior, NAMES),
    ):
        with style.figure_style():
            drawn.figure.draw_without_rendering()
        for ax in (ax for ax in drawn.figure.axes if ax.get_visible()):
            for axis in (ax.xaxis, ax.yaxis):
                low, high = sorted(axis.get_view_interval())
                shown = [t.label1 for t in axis.get_major_ticks() if low <= t.get_loc() <= high and t.label1.get_text()]
                assert len({label.get_text() for label in shown}) == len(shown)
                assert all(len(label.get_text()) <= 9 for label in shown)
                boxes = [label.get_window_extent() for label in shown]
                assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))


def test_long_names_are_cut_to_their_ends():
    name = "a" * 1500 + " b c" * 400 + " (km/h)"
    assert len(canvas.clean(name)) == canvas.LONGEST_NAME
    assert canvas.clean(name).endswith(" (km/h)")
    assert canvas.clean("short (km)") == "short (km)"
    for text in ("w" * 190, "one two " * 20, "iiiii " * 60):
        for inches in (0.5, 1.3, 3.0):
            cuts = (
                canvas.fitted(f"{text[:kept].rstrip()}…", " (km)", inches, 99) for kept in range(len(text) - 1, 0, -1)
            )
            longest = next(cut for cut in cuts if len(cut.splitlines()) <= 2)
            assert canvas.fitted(text, " (km)", inches, 2) == longest


def test_axis_labels_keep_offset_power_and_unit():
    figure, axes = canvas.panels(1, 1, width=3.4, height=2.0)
    ax = axes[0, 0]
    for limits, name, label, ticks in (
        ((0.0, 4e-6), "length (m)", "length (10⁻⁶ m)", ["0", "2", "4"]),
        ((1e9 + 2e-3, 1e9 + 8e-3), "time", "time − 1000000000 (10⁻³)", ["2", "5", "8"]),
        ((-2.0, 2.0), "a $b$\n c", "a $b$ c", ["−2", "0", "2"]),
        ((0.0, 1.0), "日本 (µm)", "□□ (µm)", ["0", "0.5", "1"]),
    ):
        ax.set_xlim(*limits)
        canvas.describe(ax.xaxis, name)
        assert ax.get_xlabel() == label
        formatter = ax.xaxis.get_major_formatter()
        at = np.array([float(t.replace("−", "-")) for t in ticks])
        found = formatter.format_ticks(at * 10.0**formatter.exponent + formatter.offset)
        assert [float(t.replace("−", "-")) for t in found] == pytest.approx(at)
    ax.set_xlim(0.0, 4e-6)
    canvas.describe(ax.xaxis, "w" * 200 + " (km)")
    assert ax.get_xlabel().endswith("(10⁻⁶ km)")
    assert len(ax.get_xlabel().splitlines()) == 2
    assert figure.axes == [ax]
