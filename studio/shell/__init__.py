"""The window around the pages: actions, navigation, theme, settings, notifications, background calls."""
