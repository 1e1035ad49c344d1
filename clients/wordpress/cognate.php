<?php

/**
 * Plugin Name: Cognate
 * Description: Keeps posts, users, terms and files of this site the same on other platforms.
 * Version: 0.1.0
 * Requires at least: 6.0
 * Requires PHP: 8.1
 * License: GPL-2.0-or-later
 * Text Domain: cognate
 */

declare(strict_types=1);

if (!defined('ABSPATH')) {
    exit;
}

require_once __DIR__ . '/src/autoload.php';

Cognate\WordPress\Plugin::instance()->start(__FILE__);
