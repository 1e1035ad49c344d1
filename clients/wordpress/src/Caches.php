<?php

declare(strict_types=1);

namespace Cognate\WordPress;

/** A worker lives for long, and WordPress remembers in each process what it has read: another process may have changed it since. */
final class Caches
{
    public function forget(): void
    {
        if (function_exists('wp_cache_supports') && wp_cache_supports('flush_runtime')) {
            wp_cache_flush_runtime();
        } elseif (function_exists('wp_cache_flush_runtime') && !wp_using_ext_object_cache()) {
            wp_cache_flush_runtime();
        } elseif (!wp_using_ext_object_cache()) {
            wp_cache_flush();
        }
    }

    /** After a rollback a cache that others share may hold what never came to be. */
    public function afterRollback(): void
    {
        wp_using_ext_object_cache() ? wp_cache_flush() : $this->forget();
    }
}
