def test_defs():
    from churn_assets.definitions import defs
    defs().get_repository_def()
