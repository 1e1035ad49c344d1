<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\WordPress\Store\Facts;

/**
 * Where the site was when it was enrolled. A copy of it (a staging site, a restored backup on another address) has the same key in its
 * database, and would act for the original: it must not, until somebody says that the site has moved.
 */
final class Home
{
    private const FACT = 'home';

    public function __construct(private readonly Facts $facts)
    {
    }

    public function remember(): void
    {
        $this->facts->set(self::FACT, self::now());
    }

    /** Why this site does nothing; empty: it is where it was. */
    public function obstacle(): string
    {
        $then = $this->facts->get(self::FACT);
        return $then === null || $then === self::now() ? '' : "this site was enrolled as $then and is " . self::now() . ': a copy does nothing; if the site has moved, say so by `cognate moved`, or enrol it anew';
    }

    private static function now(): string
    {
        global $wpdb;
        $address = defined('WP_HOME') ? (string) WP_HOME : (string) $wpdb->get_var("SELECT option_value FROM `$wpdb->options` WHERE option_name = 'home'");
        return rtrim(preg_replace('#^https?://#', '', strtolower($address)), '/');
    }
}
