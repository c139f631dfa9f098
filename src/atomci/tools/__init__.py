"""Programs outside this process. The only room that starts one."""
