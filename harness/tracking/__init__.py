"""Results in, MLflow runs out: the only writer of runs.

An experiment is a config, a parent run a classifier, a child run a trial::

    from harness.tracking.tracker import Tracker

    tracker = Tracker(store, prepared.plan, fresh=False)
    for classifier in prepared.plan.classifiers:
        trials = list_trials(prepared, classifier)
        with tracker.classifier(classifier, trials) as parent:
            if parent.done is not None:               # finished before, or meanwhile elsewhere
                results.append(parent.done)
                continue
            for trial in trials:
                result = parent.finished_trial(trial)          # of an interrupted run
                if result is None:
                    with parent.trial(trial) as child:
                        result = run_trial(prepared, trial, child.folder, child.unfinished)
                        child.log(result)
            parent.complete(prepared.finish(ClassifierResult(…)), partial(pack, prepared))
"""
