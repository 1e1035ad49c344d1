<?php

declare(strict_types=1);

use Cognate\Laravel\Connections;
use Cognate\Laravel\OwnTables;
use Illuminate\Database\Migrations\Migration;

/** On every connection that has a model of config/cognate.php. Run it again (`cognate:install --tables`) when models move to another one. */
return new class () extends Migration {
    public function up(): void
    {
        foreach (app(Connections::class)->all() as $connection) {
            OwnTables::create($connection);
        }
    }

    public function down(): void
    {
        foreach (app(Connections::class)->all() as $connection) {
            OwnTables::drop($connection);
        }
    }
};
