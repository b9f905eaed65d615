"""The one door: what is sent is judged, sealed, recorded, and answered entry by entry."""
