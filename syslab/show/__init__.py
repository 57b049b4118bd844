"""How answers look: tables with their provenance."""
