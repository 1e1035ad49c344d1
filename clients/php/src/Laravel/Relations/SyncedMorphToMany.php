<?php

declare(strict_types=1);

namespace Cognate\Laravel\Relations;

use Illuminate\Database\Eloquent\Relations\MorphToMany;

/** Eloquent's own relation, whose pivot rows are captured where the pivot table is declared. */
class SyncedMorphToMany extends MorphToMany
{
    use CapturesPivots;
}
