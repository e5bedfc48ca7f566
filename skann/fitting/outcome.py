"""What to warn of when the trainings of a fit are over."""

from sklearn.exceptions import ConvergenceWarning

from . import build


def warnings_about(all_settings, all_trained, n_wanted):
    """What to warn of after the trainings of a fit, of which ``n_wanted`` were to be: messages with their categories.

    What is to be said of single trainings is said of one.

    That the model is a constant is a matter of most of its networks; on rows that are all but noise some often are.
    """
    least = 1e-12 if all_settings[0].tol_is_relative else 1e-5  # below it, y is constant but for rounding
    constant = [each.network.is_constant and each.constant_loss > least for each in all_trained]
    found = []
    if message := _too_little_time(all_settings[0], [each.run for each in all_trained], n_wanted):
        found.append((message, ConvergenceWarning))
    if 2 * sum(constant) > len(constant) and all_settings[0].from_recipe:
        found.append((_no_better_than_constant(all_settings[0], sum(constant), len(constant)), ConvergenceWarning))
    of_each = [_warning_about(*each) for each in zip(all_settings, all_trained, strict=True)]
    of_each = sorted([each for each in of_each if each[0]], key=lambda each: each[1] is not UserWarning)[:1]
    return found + of_each if of_each and of_each[0][1] is UserWarning else found or of_each


def _too_little_time(settings, runs, n_wanted):
    """What to warn of where ``max_time`` left networks out, or the first epoch of some unfinished; else None."""
    n_cut = sum(run.was_cut for run in runs)
    if not n_cut and (len(runs) == n_wanted or runs[-1].interrupted):
        return None
    of_those = f", {n_cut} of them for less than an epoch" if n_cut else ""
    number = "network was" if n_wanted == 1 else "networks were"
    return (
        f"max_time={settings.max_time:g} seconds have passed: {len(runs)} of {n_wanted} {number} trained{of_those}. "
        f"Increase max_time{'' if n_wanted == 1 else ', or decrease n_estimators'}."
    )


def _no_better_than_constant(settings, n_constant, n_networks):
    which = "The training" if n_networks == 1 else f"The training of {n_constant} of {n_networks} networks"
    return (
        f"{which} ended no better than a constant prediction, which is therefore predicted. If y does depend on X, try "
        f"another learning_rate_init (now {settings.learning_rate_init!r}), a larger max_iter (now "
        f"{settings.max_iter!r}) or max_grad_norm=1."
    )


def _warning_about(settings, trained):
    """What to warn of after a training: a message, None if all is well, and its category."""
    run, constant_loss = trained.run, trained.constant_loss
    if run.interrupted:
        return f"Training interrupted in epoch {run.epoch + 1}: the model so far is kept.", UserWarning
    lowest = min(run.history["loss"]) if run.epoch else 0.0
    never_better = lowest > 0.99 * constant_loss
    loss = lowest if never_better else trained.loss
    is_no_better = never_better or loss >= constant_loss
    if run.epoch and constant_loss > 0 and is_no_better and not settings.from_recipe:
        return (
            f"After {run.epoch} epochs the training loss {loss:.4g} is no better than that of a constant prediction, "
            f"{constant_loss:.4g}. Scale X and y, for example with StandardScaler and TransformedTargetRegressor, or "
            f"try another learning_rate_init (now {settings.learning_rate_init!r}) or a smaller alpha."
        ), ConvergenceWarning
    if run.stopped_by is None and (settings.solver == "lbfgs" or not build.plans_end(settings.learning_rate)):
        limit = "max_iter or max_fun" if settings.solver == "lbfgs" else "max_iter"
        return (
            f"The training ended after {run.epoch} epochs, before it converged, with max_iter={settings.max_iter}. "
            f"Increase {limit}, or tol to end earlier."
        ), ConvergenceWarning
    return None, None
