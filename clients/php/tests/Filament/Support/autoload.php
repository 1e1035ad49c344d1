<?php

declare(strict_types=1);

require_once dirname(__DIR__, 2) . '/Laravel/Support/autoload.php';

if (!class_exists(Illuminate\Pagination\LengthAwarePaginator::class)) {
    require_once 'Illuminate/Pagination/autoload.php';
}
if (!class_exists(Illuminate\Auth\Access\Gate::class)) {
    require_once 'Illuminate/Auth/autoload.php';
}
// Filament itself is not among Debian's packages.
if (!interface_exists(Filament\Contracts\Plugin::class)) {
    foreach (['support', 'pages', 'actions', 'forms', 'tables'] as $part) {
        require_once dirname(__DIR__) . "/stubs/$part.php";
    }
}
