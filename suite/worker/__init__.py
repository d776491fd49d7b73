"""The processes that own a device: what is asked of them, who starts and ends them, and how they answer."""
