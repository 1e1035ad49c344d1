<?php

// Run by WordPress when the plugin is deleted: its tables, its settings and the key go with it. What was synced stays.

declare(strict_types=1);

if (!defined('WP_UNINSTALL_PLUGIN')) {
    exit;
}

require_once __DIR__ . '/src/autoload.php';

Cognate\WordPress\Store\Tables::drop($GLOBALS['wpdb']);
delete_option(Cognate\WordPress\Settings::OPTION);
