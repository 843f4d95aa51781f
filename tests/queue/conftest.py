from store_fixtures import provider, ref, store, store_url

__all__ = ["provider", "ref", "store", "store_url"]
